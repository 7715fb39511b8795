from datetime import timedelta

import pytest

from providers.interface import Connection, ProviderHealth
from providers.models import Capability, Reason
from providers.ports import CallRecord, Outcome
from providers.testing.fakes import FakeClock
from service.database import Database
from service.intelligence.outcomes import SILENCE, OutcomeBoard


@pytest.fixture
def board(database: Database, clock: FakeClock) -> OutcomeBoard:
    return OutcomeBoard(database, clock)


@pytest.fixture
def elsewhere(database: Database, clock: FakeClock) -> OutcomeBoard:
    """The board of another process."""
    return OutcomeBoard(database, clock)


def call(clock: FakeClock, reason: Reason | None = None, *, provider: str = "quimbi") -> CallRecord:
    return CallRecord(
        provider=provider,
        capability=Capability.ANALYZE,
        outcome=Outcome.FAILED if reason else Outcome.ANSWERED,
        reason=reason,
        duration_s=0.1,
        at=clock.now(),
    )


def seen(board: OutcomeBoard) -> tuple[Connection, Reason | None]:
    told = board.latest()["quimbi"]
    return told.connection, told.reason


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (None, (Connection.CONNECTED, None)),
        (Reason.UNKNOWN_CUSTOMER, (Connection.CONNECTED, None)),
        (Reason.TIMEOUT, (Connection.UNAVAILABLE, Reason.TIMEOUT)),
        (Reason.ACCESS_REFUSED, (Connection.UNAVAILABLE, Reason.ACCESS_REFUSED)),
    ],
)
def test_the_last_call_tells(
    board, clock, reason: Reason | None, told: tuple[Connection, Reason | None]
) -> None:
    board.called(call(clock, Reason.UNREACHABLE))
    clock.advance(1)
    board.called(call(clock, reason))
    assert seen(board) == told


def test_before_any_outcome_nothing_is_told(board) -> None:
    assert board.latest() == {}


def test_a_published_outcome_is_seen_by_the_other_processes(board, elsewhere, clock) -> None:
    board.called(call(clock, Reason.TIMEOUT))
    assert elsewhere.latest() == {}
    assert board.publish() == {"published": 1}
    assert seen(elsewhere) == (Connection.UNAVAILABLE, Reason.TIMEOUT)


def test_what_was_published_is_not_published_again(board, clock) -> None:
    board.called(call(clock))
    board.publish()
    assert board.publish() == {"published": 0}


def test_of_several_processes_the_newest_outcome_tells(board, elsewhere, clock) -> None:
    board.called(call(clock, Reason.TIMEOUT))
    clock.advance(1)
    elsewhere.called(call(clock))
    elsewhere.publish()
    board.publish()
    assert seen(board) == seen(elsewhere) == (Connection.CONNECTED, None)


def test_silence_ends_with_an_outcome_of_any_process(board, elsewhere, clock) -> None:
    assert board.silent(["quimbi", "stub"]) == ["quimbi", "stub"]
    elsewhere.called(call(clock))
    elsewhere.publish()
    assert board.silent(["quimbi", "stub"]) == ["stub"]
    clock.advance((SILENCE - timedelta(seconds=1)).total_seconds())
    assert board.silent(["quimbi"]) == []
    clock.advance(1)
    assert board.silent(["quimbi"]) == ["quimbi"]


def test_a_check_counts_as_an_outcome(board, clock) -> None:
    board.checked("quimbi", ProviderHealth(connection=Connection.UNAVAILABLE, reason=Reason.RATE_LIMITED))
    assert seen(board) == (Connection.UNAVAILABLE, Reason.RATE_LIMITED)
    assert board.silent(["quimbi"]) == []
    assert board.latest()["quimbi"].at == clock.now()
