"""What a running installation of Quimbi does to its clients, and what ours then see."""

import time
from functools import partial
from typing import Any

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from providers.testing.quimbi_simulator.rate_limit import RateLimit
from tests.wire.cases import QUESTIONS, UPSTREAM, at_once, new_case, timed
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at


def test_many_clients_at_once_never_put_more_calls_to_quimbi_than_it_can_take(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi), QUIMBI_MAX_CONCURRENCY="3")
    quimbi.inject(Fault.LOCK_UP, parallel=4, seconds=30)
    quimbi.inject(Fault.LATENCY, seconds=0.3)
    cases = [new_case(desk) for _ in range(12)]
    answers = at_once([partial(case.answer, "intelligence") for case in cases])
    assert quimbi.max_parallel == 3
    sources = [answer["provenance"]["source"] for answer in answers]
    reasons = {answer["provenance"]["reason"] for answer in answers}
    assert sources.count("fresh") >= 3
    assert reasons == {None, "busy"}


def test_a_text_generation_that_blocks_quimbi_is_no_outage(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi))
    case, known = new_case(desk), new_case(desk)
    fresh = known.answer("intelligence")
    quimbi.inject(Fault.LATENCY, endpoint="message", seconds=0.8, whole_process=True)

    def look_around() -> list[Any]:
        time.sleep(0.1)
        known.let_facts_run_out()
        health, took_s = timed(partial(desk.get, "/health"))
        return [health.json()["services"]["quimbi_api"], took_s, known.answer("intelligence")]

    _, (quimbi_api, took_s, meanwhile) = at_once([partial(case.answer, "draft-response"), look_around])
    assert quimbi_api == "connected"
    assert took_s < 0.3
    assert meanwhile["predictions"] == fresh["predictions"]


def test_one_customer_with_a_broken_row_costs_the_others_nothing(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi))
    broken = new_case(desk, "broken_1")
    for _ in range(25):
        answer = broken.answer("intelligence")
        assert (answer["provenance"]["degraded"], answer["provenance"]["reason"]) == (True, "provider_error")
    assert new_case(desk).answer("intelligence")["provenance"]["source"] == "fresh"


def test_where_texts_fail_intelligence_goes_on(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    desk = start_desk(**pointing_at(quimbi))
    quimbi.inject(Fault.SERVER_ERROR_HTML, endpoint="message")
    drafts = [new_case(desk).answer("draft-response") for _ in range(7)]
    assert [draft["provenance"]["reason"] for draft in drafts] == ["provider_error"] * 5 + [
        "circuit_open"
    ] * 2
    assert quimbi.calls("message") == 5
    for question in ("intelligence", "churn", "ltv", "recommendation"):
        provenance = new_case(desk).answer(question)["provenance"]
        assert (provenance["source"], provenance["degraded"]) == ("fresh", False), question


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_refused_key_is_neither_retried_nor_passed_on_and_shows_in_health(
    quimbi: QuimbiSimulator, start_desk: StartDesk, question: str
) -> None:
    environment = pointing_at(quimbi) | {"QUIMBI_API_KEY": "qpk_live_revoked_key", "QUIMBI_MAX_RETRIES": "3"}
    desk = start_desk(**environment)
    case = new_case(desk)
    answer = case.answer(question)
    assert (answer["provenance"]["degraded"], answer["provenance"]["reason"]) == (True, "access_refused")
    assert quimbi.calls(UPSTREAM[question]) == 1
    health = desk.get("/health").json()
    assert (health["status"], health["services"]["quimbi_api"]) == ("degraded", "unavailable")
    assert health["reasons"]["quimbi_api"] == "access_refused"


def test_critical_appears_where_it_was_sent_and_a_missing_level_is_derived(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi))
    quimbi.add_customer("7002", customer_id="critical", churn_risk=0.95, churn_level="critical")
    quimbi.add_customer("7002", customer_id="unsaid", churn_risk=0.95, churn_level=None)
    told = {who: new_case(desk, who).answer("intelligence")["predictions"] for who in ("critical", "unsaid")}
    assert told["critical"]["churn_risk_level"] == "critical"
    assert told["unsaid"]["churn_risk_level"] == "high"


def test_quimbis_own_quota_ends_in_a_pause_and_never_in_an_error(start_desk: StartDesk) -> None:
    with QuimbiSimulator(api_key=SIMULATOR_KEY, rate_limit=RateLimit(per_minute=3)) as quimbi:
        desk = start_desk(**pointing_at(quimbi))
        reasons = [new_case(desk).answer("churn")["provenance"]["reason"] for _ in range(6)]
        assert reasons == [None] * 3 + ["rate_limited"] * 3
        assert quimbi.calls() == 4


def test_what_may_be_bad_luck_is_tried_again_within_the_deadline(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    environment = pointing_at(quimbi) | {"QUIMBI_MAX_RETRIES": "3", "FACTS_DEADLINE": "5"}
    case = new_case(start_desk(**environment))
    quimbi.inject(Fault.BAD_GATEWAY, times=1)
    quimbi.inject(Fault.CUT, times=1)
    assert case.answer("intelligence")["provenance"]["source"] == "fresh"
    assert quimbi.calls() in (2, 3), "both faults may hit the same call"


def test_an_upstream_body_never_reaches_a_client(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi) | {"INTELLIGENCE_PROVIDERS": "quimbi"}))
    quimbi.inject(Fault.SERVER_ERROR_HTML)
    for question in QUESTIONS:
        assert "nginx" not in case.ask(question).text
