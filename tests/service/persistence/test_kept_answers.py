"""Keys: reserved once, taken over after a minute, answered by whoever holds them; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from providers.testing.fakes import FakeClock
from service.database import Database
from service.http.idempotency import KEPT_FOR, LOCKED_FOR, Answer, Asked, KeptAnswers, Reservation
from service.http.problems import Problem
from service.http.queries import prune_idempotency_keys

ASKED = Asked(scope="key:web POST /api/tickets", key="key-1", request_hash="0" * 64)
MADE = Answer(status=201, headers={"Location": "/api/tickets/ticket_1"}, body=b'{"id":"ticket_1"}')


@pytest.fixture
def kept(database: Database, clock: FakeClock) -> KeptAnswers:
    return KeptAnswers(database, clock)


def reserved(kept: KeptAnswers) -> Reservation:
    reservation = kept.reserve(ASKED)
    assert isinstance(reservation, Reservation)
    return reservation


def test_a_kept_answer_comes_back_as_it_was(kept: KeptAnswers) -> None:
    kept.keep(reserved(kept), MADE, "cust_1")
    assert kept.reserve(ASKED) == MADE


def test_of_many_at_once_one_gets_the_key(kept: KeptAnswers) -> None:
    def ask(_: int) -> object:
        try:
            return kept.reserve(ASKED)
        except Problem as problem:
            return problem.status

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert sum(isinstance(answer, Reservation) for answer in answers) == 1
    assert answers.count(409) == 7


def test_the_key_of_a_dead_request_is_taken_over_after_a_minute_and_not_before(
    kept: KeptAnswers, clock: FakeClock
) -> None:
    reserved(kept)
    clock.advance((LOCKED_FOR - timedelta(microseconds=1)).total_seconds())
    with pytest.raises(Problem) as refused:
        kept.reserve(ASKED)
    assert refused.value.status == 409
    clock.advance(1e-6)
    assert reserved(kept)


def test_who_was_overtaken_neither_answers_nor_frees(kept: KeptAnswers, clock: FakeClock) -> None:
    slow = reserved(kept)
    clock.advance(LOCKED_FOR.total_seconds())
    fast = reserved(kept)
    with pytest.raises(Problem):
        kept.keep(slow, Answer(status=201, headers={}, body=b"late"), None)
    kept.free(slow)
    kept.keep(fast, MADE, None)
    with pytest.raises(Problem):
        kept.keep(slow, Answer(status=201, headers={}, body=b"later"), None)
    assert kept.reserve(ASKED) == MADE


def test_an_answered_key_is_not_freed(kept: KeptAnswers) -> None:
    """A commit whose confirmation got lost looks like a failure to who made it."""
    reservation = reserved(kept)
    kept.keep(reservation, MADE, None)
    kept.free(reservation)
    assert kept.reserve(ASKED) == MADE


def test_a_freed_key_is_anybodys(kept: KeptAnswers) -> None:
    kept.free(reserved(kept))
    other = Asked(scope=ASKED.scope, key=ASKED.key, request_hash="1" * 64)
    assert isinstance(kept.reserve(other), Reservation)


def test_an_answer_is_kept_for_a_day(kept: KeptAnswers, clock: FakeClock, database: Database) -> None:
    kept.keep(reserved(kept), MADE, None)
    clock.advance(KEPT_FOR.total_seconds() - 1)
    assert kept.reserve(ASKED) == MADE
    clock.advance(1)
    with database.writing() as session:
        assert prune_idempotency_keys(session, clock.now()) == 0, "at its last moment it is not yet pruned"
    assert reserved(kept)
