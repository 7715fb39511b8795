"""Operators switch providers while desks run: two desks on one database are two processes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.jobs import JobRunner
from tests.wire.cases import QUESTIONS, eventually, new_case, numbers_in
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

ADMIN = "/api/admin/providers"
FOLLOWED_WITHIN_S = 5


@pytest.fixture
def deployed() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture
def on_quimbi(deployed: QuimbiSimulator, migrated_url: str) -> dict[str, str]:
    return pointing_at(deployed) | {"DATABASE_URL": migrated_url}


def switch(desk: Desk, name: str, **change: Any) -> Any:
    answer = desk.patch(f"{ADMIN}/{name}", {"reason": "A test."} | change)
    assert answer.status_code == 200, answer.text
    return answer.json()


def follow(desk: Desk) -> None:
    for job in ("follow-toggles", "share-heartbeat"):
        desk.component(JobRunner).run_now(job)


def enabled(desk: Desk) -> list[str]:
    names: list[str] = desk.get("/health").json()["providers"]
    return names


def test_a_desk_follows_another_one_within_seconds_and_keeps_its_own_connections(
    on_quimbi: dict[str, str], start_desk: StartDesk
) -> None:
    one, other = start_desk(timed_work=True, **on_quimbi), start_desk(timed_work=True, **on_quimbi)
    switch(one, "quimbi", enabled=False)
    assert enabled(one) == ["fallback"], "at once where it was said"
    eventually(lambda: enabled(other) == ["fallback"] or None, within_s=FOLLOWED_WITHIN_S)
    assert new_case(other).answer("intelligence")["provenance"]["reason"] == "not_configured"
    switch(other, "quimbi", enabled=True)
    assert new_case(other).answer("intelligence")["provenance"]["source"] == "fresh"
    eventually(lambda: enabled(one) == ["quimbi", "fallback"] or None, within_s=FOLLOWED_WITHIN_S)


def test_a_restart_keeps_it_before_the_first_request_and_a_reset_ends_it(
    on_quimbi: dict[str, str], start_desk: StartDesk
) -> None:
    switch(start_desk(**on_quimbi), "quimbi", enabled=False)
    again = start_desk(timed_work=True, **on_quimbi)
    assert enabled(again) == ["fallback"]
    answer = again.post(f"{ADMIN}/reset", {"reason": "Enough."})
    assert answer.json()["toggles"]["enabled"] == ["quimbi", "fallback"]
    assert enabled(again) == ["quimbi", "fallback"]


def test_another_configuration_drops_it(on_quimbi: dict[str, str], start_desk: StartDesk) -> None:
    switch(start_desk(**on_quimbi), "quimbi", enabled=False)
    changed = on_quimbi | {"INTELLIGENCE_PROVIDERS": "quimbi,stub,fallback"}
    desk = start_desk(timed_work=True, **changed)
    assert enabled(desk) == ["quimbi", "stub", "fallback"]
    assert desk.get(f"{ADMIN}/history").json()["changes"][0]["change"] == "toggles_dropped"


def test_the_order_is_that_in_which_they_are_asked(
    on_quimbi: dict[str, str], start_desk: StartDesk, deployed: QuimbiSimulator
) -> None:
    desk = start_desk(**on_quimbi | {"INTELLIGENCE_PROVIDERS": "quimbi,stub,fallback"})
    told = switch(desk, "stub", position=1)
    assert (told["toggles"]["order"], told["consequences"]) == (["stub", "quimbi", "fallback"], [])
    case = new_case(desk)
    assert {case.answer(question)["provenance"]["provider"] for question in QUESTIONS} == {"stub"}
    assert deployed.calls() == 0


def test_nothing_that_a_disabled_provider_once_said_is_served(
    deployed: QuimbiSimulator, start_desk: StartDesk, redis_url: str
) -> None:
    desk = start_desk(**pointing_at(deployed), REDIS_URL=redis_url)
    case = new_case(desk)
    facts = ("intelligence", "churn", "ltv")
    for source in ("fresh", "cache"):
        assert {case.answer(question)["provenance"]["source"] for question in facts} == {source}
    switch(desk, "quimbi", enabled=False)
    for question in facts:
        answer = case.answer(question)
        assert answer["provenance"]["source"] == "fallback"
        assert dict(numbers_in(answer)) == {}
    switch(desk, "quimbi", enabled=True)
    assert {case.answer(question)["provenance"]["source"] for question in facts} == {"cache"}


def test_health_tells_of_a_disabled_provider_and_of_what_is_left(
    deployed: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(deployed))
    deployed.inject(Fault.SERVER_ERROR)
    desk.component(JobRunner).run_now("check-providers")
    assert desk.get("/health").json()["services"]["quimbi_api"] == "unavailable"
    told = switch(desk, "quimbi", enabled=False)
    assert "Only generic words are left" in told["consequences"][0]
    health = desk.get("/health").json()
    assert (health["status"], health["services"]["quimbi_api"]) == ("healthy", "disabled")
    assert health["features"] == {"ai_draft_generation": False, "customer_intelligence": False}
    calls = deployed.calls()
    desk.component(JobRunner).run_now("check-providers")
    assert deployed.calls() == calls, "it is not checked either"


def test_without_a_fallback_what_cannot_be_answered_is_a_503_and_the_switch_said_so(
    deployed: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(deployed))
    assert "503" in switch(desk, "fallback", enabled=False)["consequences"][0]
    deployed.inject(Fault.SERVER_ERROR)
    assert new_case(desk).ask("draft-response").status_code == 503


# ---------------------------------------------------------------- refusals


def test_an_unknown_provider_is_a_404_that_names_those_there_are(start_desk: StartDesk) -> None:
    desk = start_desk(INTELLIGENCE_PROVIDERS="fallback")
    reason = {"reason": "A test."}
    for answer in (
        desk.patch(f"{ADMIN}/stub", {"enabled": True} | reason),
        desk.post(f"{ADMIN}/stub/reset-circuit", reason),
        desk.get(f"{ADMIN}/stub"),
    ):
        assert answer.status_code == 404
        assert "started with fallback" in answer.json()["detail"]
        assert "INTELLIGENCE_PROVIDERS" in answer.json()["detail"]


def test_a_place_beyond_the_last_is_a_422_that_says_how_many_there_are(desk: Desk) -> None:
    answer = desk.patch(f"{ADMIN}/stub", {"position": 3, "reason": "A test."})
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"position": ["Must be a whole number from 1 to 2."]}


def test_a_change_of_nothing_is_refused(desk: Desk) -> None:
    answer = desk.patch(f"{ADMIN}/stub", {"reason": "A test."})
    assert answer.json()["errors"] == {"enabled": ["Give enabled, position or both."]}


def test_a_process_that_was_started_with_other_providers_says_so(
    migrated_url: str, start_desk: StartDesk
) -> None:
    old = start_desk(DATABASE_URL=migrated_url, INTELLIGENCE_PROVIDERS="stub,fallback")
    new = start_desk(DATABASE_URL=migrated_url, INTELLIGENCE_PROVIDERS="fallback")
    switch(new, "fallback", enabled=True)
    answer = old.patch(f"{ADMIN}/stub", {"enabled": False, "reason": "A test."})
    assert answer.status_code == 409
    assert "or reset the providers first" in answer.json()["detail"]


# ---------------------------------------------------------------- many at once, and the history


def test_of_fifty_changes_at_once_over_two_desks_none_is_lost(
    migrated_url: str, start_desk: StartDesk
) -> None:
    desks = [start_desk(DATABASE_URL=migrated_url) for _ in range(2)]

    def change(number: int) -> int:
        answer = desks[number % 2].patch(
            f"{ADMIN}/stub", {"enabled": bool(number % 3), "reason": f"Number {number}."}
        )
        assert answer.status_code == 200, answer.text
        version: int = answer.json()["toggles"]["version"]
        return version

    with ThreadPoolExecutor(10) as pool:
        versions = list(pool.map(change, range(50)))
    assert sorted(versions) == list(range(1, 51))
    changes = desks[0].get(f"{ADMIN}/history?limit=100").json()["changes"]
    assert sorted(change["version"] for change in changes) == list(range(1, 51))
    assert {change["reason"] for change in changes} == {f"Number {number}." for number in range(50)}
    for desk in desks:
        follow(desk)
    assert enabled(desks[0]) == enabled(desks[1])
    assert desks[0].get(ADMIN).json()["toggles"]["version"] == 50


def test_the_history_tells_who_and_is_walked_by_cursor(desk: Desk) -> None:
    for number in range(5):
        switch(desk, "stub", enabled=bool(number % 2), reason=f"Number {number}.")
    walked, query = [], "limit=2"
    while query:
        page = desk.get(f"{ADMIN}/history?{query}").json()
        walked += page["changes"]
        cursor = page["pagination"]["next_cursor"]
        query = f"limit=2&cursor={cursor}" if cursor else ""
    assert [change["reason"] for change in walked] == [f"Number {number}." for number in (4, 3, 2, 1, 0)]
    assert walked[-1] == walked[-1] | {
        "change": "disabled",
        "provider": "stub",
        "changed_by": "anonymous",
        "version": 1,
        "order_before": ["stub", "fallback"],
        "disabled_before": [],
        "order": ["stub", "fallback"],
        "disabled": ["stub"],
    }
