import time
from typing import Any

import pytest
import redis
from sqlalchemy import select

from providers.models import Capability
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import Database
from service.intelligence.models import CustomerSnapshot
from tests.wire.cases import new_case
from tests.wire.conftest import StartDesk, pointing_at
from tests.wire.desk import Desk


def test_regenerating_drops_every_cached_fact_of_the_customer_and_of_nobody_else(
    quimbi: QuimbiSimulator, start_desk: StartDesk, redis_url: str
) -> None:
    desk = start_desk(**pointing_at(quimbi), REDIS_URL=redis_url)
    case, other = new_case(desk, "cust_1"), new_case(desk, "cust_12")
    for one in (case, other):
        for question in ("intelligence", "churn", "ltv", "ltv?horizon_months=36"):
            assert desk.get(one.path("intelligence").replace("intelligence", question)).status_code == 200
    quimbi.inject(Fault.SERVER_ERROR)
    case.regenerate()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        keys = {key for key in client.scan_iter() if not key.startswith("flight:")}
    assert keys == {
        "customer_intel:cust_12",
        "churn_prediction:cust_12",
        "ltv_forecast:cust_12:12",
        "ltv_forecast:cust_12:36",
    }


def test_regenerating_marks_the_last_known_good_for_refresh_and_keeps_it(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    fresh = case.answer("churn")
    case.answer("intelligence")
    case.regenerate()
    with case.desk.component(Database).reading() as session:
        due = {row.capability: row.refresh_due_since for row in session.scalars(select(CustomerSnapshot))}
    assert due[Capability.CHURN] is not None
    assert due[Capability.ANALYZE] is None, "fresh facts came with the draft"
    quimbi.close()
    stale = case.answer("churn")
    assert (stale["provenance"]["source"], stale["churn_risk_score"]) == ("stale", fresh["churn_risk_score"])


def test_regenerating_waits_for_fresh_facts_and_writes_with_them(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(
        start_desk(**pointing_at(quimbi)), quimbi.add_customer("7001", customer_id="moody").customer_id
    )
    assert case.answer("draft-response")["churn_risk"] == 0.18
    quimbi.add_customer("7001", customer_id="moody", churn_risk=0.91, churn_level="high")
    assert case.answer("draft-response")["churn_risk"] == 0.18
    assert case.regenerate()["churn_risk"] == 0.91


def test_stale_facts_serve_where_fresh_ones_take_too_long(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    known = case.answer("draft-response")
    quimbi.inject(Fault.HANG, endpoint="analyze")
    began = time.monotonic()
    answer = case.regenerate()
    assert 0.6 < time.monotonic() - began < 1.2
    assert (answer["provenance"]["provider"], answer["provenance"]["degraded"]) == ("quimbi", False)
    assert answer["facts_provenance"]["source"] == "stale"
    assert answer["facts_provenance"]["reason"] == "timeout"
    assert (answer["churn_risk"], answer["customer_dna"]) == (known["churn_risk"], known["customer_dna"])


def test_a_failing_analysis_does_not_prevent_a_draft_that_says_so(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    quimbi.inject(Fault.SERVER_ERROR, endpoint="analyze")
    answer = case.regenerate()
    assert (answer["provenance"]["provider"], answer["provenance"]["source"]) == ("quimbi", "fresh")
    assert (answer["provenance"]["degraded"], answer["provenance"]["reason"]) == (True, "provider_error")
    assert (answer["churn_risk"], answer["customer_dna"]) == (None, {})
    assert case.answer("draft-response")["draft_id"] != answer["draft_id"]


@pytest.mark.parametrize("path", ["regenerate-draft", "draft-response/regenerate"])
@pytest.mark.parametrize(
    "sent",
    [{}, {"json": {}}, {"json": {"tone": None, "length": None, "template": None, "include_actions": []}}],
)
def test_both_addresses_regenerate_with_and_without_a_body(
    desk: Desk, path: str, sent: dict[str, Any]
) -> None:
    case = new_case(desk)
    answer = desk.call("POST", f"/api/ai/tickets/{case.ticket_id}/{path}", **sent)
    assert answer.status_code == 200, answer.text
    assert case.answer("draft-response")["draft_id"] == answer.json()["draft_id"]


def test_every_option_reaches_the_provider(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi), QUIMBI_CURRENCY="EUR"))
    actions = case.answer("recommendation")["actions"]
    case.regenerate(
        tone="concise", length="long", include_offer=True, template="delay", include_actions=[1, 0]
    )
    asked = quimbi.requests("message")[-1].body
    assert asked["tone"] == "concise"
    assert asked["context"]["constraints"] == {
        "tone": "concise",
        "length": "long",
        "locale": "en",
        "currency": "EUR",
        "include_offer": True,
        "template": "delay",
        "include_actions": [actions[1]["action"], actions[0]["action"]],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tone", "angry"),
        ("tone", 1),
        ("length", "endless"),
        ("include_offer", "perhaps"),
        ("include_offer", None),
        ("template", 7),
        ("template", "x" * 2_001),
        ("include_actions", "0"),
        ("include_actions", [-1]),
        ("include_actions", [True]),
        ("include_actions", [100]),
        ("include_actions", [0] * 21),
        ("include_actions", [0]),
        ("sender", "nobody"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused_by_name(desk: Desk, field: str, value: Any) -> None:
    """`include_actions: [0]` makes none because nothing was recommended yet."""
    case = new_case(desk)
    answer = desk.post(f"/api/ai/tickets/{case.ticket_id}/regenerate-draft", {field: value})
    assert answer.status_code == 422
    assert all(name.partition(".")[0] == field for name in answer.json()["errors"])


def test_actions_that_were_not_recommended_cannot_be_included(desk: Desk) -> None:
    case = new_case(desk)
    beyond = len(case.answer("recommendation")["actions"])
    answer = desk.post(f"/api/ai/tickets/{case.ticket_id}/regenerate-draft", {"include_actions": [beyond]})
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["include_actions"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "draft-response"),
        ("POST", "regenerate-draft"),
        ("POST", "draft-response/regenerate"),
    ],
)
def test_a_ticket_that_does_not_exist_has_no_draft(
    quimbi: QuimbiSimulator, start_desk: StartDesk, method: str, path: str
) -> None:
    desk = start_desk(**pointing_at(quimbi))
    assert desk.call(method, f"/api/ai/tickets/ticket_none/{path}").status_code == 404
    assert quimbi.calls() == 0
