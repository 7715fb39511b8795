from functools import partial
from pathlib import Path
from typing import Any

import pytest

from providers.chain import IntelligenceChain
from providers.testing.fakes import FakeClock
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.wiring import Substitutes
from tests.wire.cases import FACTS, Case, eventually, new_case, numbers_in, timed
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk, running_desk


def without_provenance(answer: dict[str, object]) -> dict[str, object]:
    return {field: value for field, value in answer.items() if field != "provenance"}


@pytest.mark.parametrize("providers", ["quimbi,fallback", "quimbi"])
def test_known_facts_outlive_cache_provider_and_restart(
    migrated_url: str, start_desk: StartDesk, tmp_path: Path, providers: str
) -> None:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as quimbi:
        environment = pointing_at(quimbi) | {
            "DATABASE_URL": migrated_url,
            "INTELLIGENCE_PROVIDERS": providers,
            "LOG_FILE": str(tmp_path / "app.log"),
        }
        with running_desk(environment) as before:
            case = new_case(before)
            fresh = {question: case.answer(question) for question in FACTS}
            case.let_facts_run_out()
    after = start_desk(**environment)
    for question in FACTS:
        stale = after.get(case.path(question)).json()
        assert without_provenance(stale) == without_provenance(fresh[question])
        assert stale["provenance"]["source"] == "stale"
        assert stale["provenance"]["as_of"] == fresh[question]["provenance"]["as_of"]
        assert stale["provenance"]["degraded"] is False
        assert eventually(partial(reason_of, after, case.path(question))) == "unreachable"


def reason_of(desk: Desk, path: str) -> str | None:
    reason: str | None = desk.get(path).json()["provenance"]["reason"]
    return reason


def test_current_facts_outlive_cache_and_provider_as_what_they_are(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi))
    case = new_case(desk)
    fresh = case.answer("intelligence")
    quimbi.close()
    desk.component(IntelligenceChain).forget(case.customer_id)
    answer = case.answer("intelligence")
    assert without_provenance(answer) == without_provenance(fresh)
    assert (answer["provenance"]["source"], answer["provenance"]["reason"]) == ("cache", None)


def test_overdue_facts_are_not_waited_for(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    fresh = case.answer("intelligence")
    case.let_facts_run_out()
    quimbi.reset()
    quimbi.inject(Fault.LATENCY, seconds=0.6)
    for _ in range(10):
        stale, took_s = timed(partial(case.answer, "intelligence"))
        assert took_s < 0.3
        assert stale["provenance"]["source"] == "stale"
    renewed = eventually(partial(renewed_answer, case, fresh))
    assert renewed["provenance"]["source"] == "cache"
    assert quimbi.calls("analyze", customer_id=case.customer_id) == 1


def renewed_answer(case: Case, before: Any) -> Any:
    answer = case.answer("intelligence")
    return answer if answer["provenance"]["as_of"] != before["provenance"]["as_of"] else None


def test_a_customers_message_outdates_their_facts_and_an_agents_does_not(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    fresh = case.answer("intelligence")
    case.write("We are looking into it.", from_agent=True)
    assert case.answer("intelligence")["provenance"]["source"] == "cache"
    case.write("It has still not come.", from_agent=False)
    stale = case.answer("intelligence")
    assert (stale["provenance"]["source"], stale["provenance"]["as_of"]) == (
        "stale",
        fresh["provenance"]["as_of"],
    )
    eventually(partial(renewed_answer, case, fresh))


def test_a_recorded_order_outdates_the_facts_of_who_ordered(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    case.answer("intelligence")
    order = {
        "external_id": "1042",
        "customer_id": case.customer_id,
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "total": 19.9,
        "lines": [],
    }
    assert case.desk.post("/api/orders", order).json()["created"] == 1
    assert case.answer("intelligence")["provenance"]["source"] == "stale"


def test_facts_are_outdated_once_a_provider_knows_the_customer_by_another_id(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    case.answer("intelligence")
    customer = f"/api/customers/{case.customer_id}"
    assert case.desk.patch(customer, {"name": "Ada"}).status_code == 200
    assert case.answer("intelligence")["provenance"]["source"] == "cache"
    assert case.desk.patch(customer, {"external_ids": {"quimbi": "another"}}).status_code == 200
    assert case.answer("intelligence")["provenance"]["source"] == "stale"


def test_stale_facts_tell_their_age_until_the_limit_ends_it(
    quimbi: QuimbiSimulator, start_desk: StartDesk, clock: FakeClock
) -> None:
    desk = start_desk(Substitutes(clock=clock), **pointing_at(quimbi), SNAPSHOT_MAX_AGE="3600")
    case = new_case(desk)
    case.answer("intelligence")
    desk.component(IntelligenceChain).forget(case.customer_id)
    quimbi.close()
    clock.advance(3600)
    stale = case.answer("intelligence")
    assert (stale["provenance"]["source"], stale["provenance"]["age_s"]) == ("stale", 3600)
    clock.advance(1)
    fallback = case.answer("intelligence")
    assert (fallback["provenance"]["source"], fallback["provenance"]["degraded"]) == ("fallback", True)
    assert dict(numbers_in(fallback)) == {}


def test_another_horizon_is_another_fact(quimbi: QuimbiSimulator, start_desk: StartDesk) -> None:
    case = new_case(start_desk(**pointing_at(quimbi)))
    case.answer("ltv")
    quimbi.close()
    other = case.desk.get(case.path("ltv"), params={"horizon_months": 6}).json()
    assert other["provenance"]["source"] == "fallback"
    assert other["forecasted_ltv"] is None
