"""The fault bench in small: what has a bound there holds here, on one process and in little time."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from threading import Thread

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.pool import QueuePool

from providers.testing.clock import FixedRandom
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.database import Database
from service.wiring import Substitutes
from tests.wire.cases import QUESTIONS, Case, at_once, eventually, new_case, timed
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk

LONG_DEADLINE_S = 2.0
MARGIN_S = 1.0
"""A tenth of the deadline as it is by default, with which the bench measures."""

AT_ONCE_S = 0.5
"""On a busy machine; the bench bounds it in milliseconds."""

NEVER = {"CIRCUIT_FAILURE_THRESHOLD": "1000", "CIRCUIT_MIN_CALLS": "10000"}
TRANSACTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = 'support-desk' AND state <> 'idle'
"""


@pytest.fixture
def quimbi() -> Iterator[QuimbiSimulator]:
    """In one dialect: what a fault costs does not depend on it."""
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


def unknown_cases(desk: Desk, count: int) -> list[Case]:
    return [new_case(desk) for _ in range(count)]


def ask_all(stack: ExitStack, calls: list[Callable[[], object]]) -> None:
    """On threads of their own, which the stack joins."""
    for call in calls:
        thread = Thread(target=call)
        thread.start()
        stack.callback(thread.join)


# ---------------------------------------------------------------- a provider that hangs


def test_a_hanging_provider_is_felt_by_nobody_whom_the_desk_can_answer(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    environment = pointing_at(quimbi) | {"FACTS_DEADLINE": str(LONG_DEADLINE_S), "TEXTS_DEADLINE": "3"}
    desk = start_desk(**environment)
    known, strangers = new_case(desk), unknown_cases(desk, 12)
    known.answer("intelligence")
    paths = [
        "/livez",
        "/readyz",
        "/api/tickets",
        f"/api/tickets/{known.ticket_id}",
        known.path("intelligence"),
    ]
    quimbi.inject(Fault.HANG)
    with ExitStack() as stack:
        ask_all(stack, [partial(case.ask, "intelligence") for case in strangers[:10]])
        ask_all(stack, [partial(case.ask, "draft-response") for case in strangers[10:]])
        eventually(lambda: quimbi.in_flight or None)
        for path in paths * 3:
            answer, took_s = timed(partial(desk.get, path))
            assert (answer.status_code, took_s < AT_ONCE_S) == (200, True), f"{path}: {took_s:.2f} s"
        assert quimbi.in_flight


def test_an_unknown_customer_is_answered_by_the_deadline(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi) | {"FACTS_DEADLINE": str(LONG_DEADLINE_S)})
    strangers = unknown_cases(desk, 6)
    quimbi.inject(Fault.HANG)
    answers = at_once([partial(timed, partial(case.answer, "intelligence")) for case in strangers])
    assert {answer["provenance"]["reason"] for answer, _ in answers} == {"timeout"}
    assert max(took_s for _, took_s in answers) <= LONG_DEADLINE_S + MARGIN_S


def test_once_the_circuit_is_open_an_unknown_customer_does_not_wait_and_quimbi_is_left_alone(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi) | {"FACTS_DEADLINE": "0.4", "QUIMBI_MAX_CONCURRENCY": "5"})
    quimbi.inject(Fault.HANG)
    at_once([partial(case.answer, "intelligence") for case in unknown_cases(desk, 5)])
    strangers, calls = unknown_cases(desk, 5), quimbi.calls()
    for case in strangers:
        answer, took_s = timed(partial(case.answer, "intelligence"))
        assert answer["provenance"]["reason"] == "circuit_open"
        assert took_s < AT_ONCE_S / 2
    assert quimbi.calls() == calls


def test_when_quimbi_is_back_the_first_fresh_answer_comes_within_a_probe_interval_and_a_second(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(**pointing_at(quimbi) | {"CIRCUIT_RESET_TIMEOUT": "0.5"})
    quimbi.inject(Fault.SERVER_ERROR)
    for case in unknown_cases(desk, 6):
        reason = case.answer("intelligence")["provenance"]["reason"]
    assert reason == "circuit_open"
    stranger = new_case(desk)
    quimbi.clear_faults()

    def fresh() -> bool | None:
        return stranger.answer("intelligence")["provenance"]["source"] == "fresh" or None

    assert eventually(fresh, within_s=0.5 + 1)


# ---------------------------------------------------------------- what a fault costs others


def test_retries_never_multiply_the_calls_of_a_quimbi_in_trouble(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    desk = start_desk(
        Substitutes(random=FixedRandom(0.0)), **pointing_at(quimbi) | NEVER | {"QUIMBI_MAX_RETRIES": "3"}
    )
    strangers = unknown_cases(desk, 60)
    quimbi.inject(Fault.SERVER_ERROR)
    for case in strangers:
        assert case.answer("intelligence")["provenance"]["reason"] == "provider_error"
    retries = quimbi.calls() - len(strangers)
    assert 0 < retries <= 10 + len(strangers) * 0.1


def test_no_database_connection_is_held_while_quimbi_is_asked(
    quimbi: QuimbiSimulator, start_desk: StartDesk, migrated_url: str
) -> None:
    environment = {"DATABASE_URL": migrated_url, "QUIMBI_MAX_CONCURRENCY": "8"}
    desk = start_desk(**pointing_at(quimbi) | environment | {"FACTS_DEADLINE": "5", "TEXTS_DEADLINE": "5"})
    case = new_case(desk)
    pool = desk.component(Database).engine.pool
    assert isinstance(pool, QueuePool)
    quimbi.inject(Fault.HANG)
    with ExitStack() as stack:
        ask_all(stack, [partial(case.ask, question) for question in QUESTIONS])
        stack.callback(quimbi.clear_faults)
        eventually(lambda: quimbi.in_flight >= 3 or None)
        eventually(lambda: pool.checkedout() == 0 or None, within_s=1)
        for _ in range(10):
            assert pool.checkedout() == 0
            assert transactions_open(migrated_url) == 0
            time.sleep(0.01)
        assert quimbi.in_flight >= 3


def transactions_open(database_url: str) -> int:
    """Of the desk, in PostgreSQL's own words; SQLite has none to ask."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return 0
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        (count,) = connection.execute(TRANSACTIONS).fetchone() or (0,)
    return int(count)


def test_forty_who_ask_for_one_known_customer_wait_for_nothing(
    quimbi: QuimbiSimulator, start_desk: StartDesk, migrated_url: str
) -> None:
    case = new_case(start_desk(DATABASE_URL=migrated_url, **pointing_at(quimbi)))
    case.answer("intelligence")
    answers = at_once([partial(case.ask, "intelligence")] * 40)
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["provenance"]["source"] for answer in answers} == {"cache"}
    assert quimbi.calls("analyze") == 1


# ---------------------------------------------------------------- one capability fails


@pytest.mark.parametrize(
    ("endpoint", "fails", "go_on"),
    [
        ("analyze", "intelligence", ("churn", "ltv")),
        ("churn", "churn", ("intelligence", "ltv")),
        ("ltv", "ltv", ("intelligence", "churn")),
        ("message", "draft-response", ("intelligence", "recommendation")),
        ("actions", "recommendation", ("intelligence", "draft-response")),
    ],
)
def test_a_capability_that_fails_leaves_the_others_as_they_were_also_once_its_circuit_is_open(
    quimbi: QuimbiSimulator, start_desk: StartDesk, endpoint: str, fails: str, go_on: tuple[str, ...]
) -> None:
    desk = start_desk(**pointing_at(quimbi), CIRCUIT_FAILURE_THRESHOLD="2")
    quimbi.inject(Fault.SERVER_ERROR, endpoint=endpoint)
    reasons = []
    for case in unknown_cases(desk, 4):
        failing = case.answer(fails)["provenance"]
        assert failing["degraded"]
        reasons.append(failing["reason"])
        for question in go_on:
            assert case.answer(question)["provenance"]["source"] in {"fresh", "cache"}, question
    assert reasons[0] == "provider_error"
    assert reasons[-1] == "circuit_open"
