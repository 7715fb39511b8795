"""Two processes are two `Flights` with one board; what the other one does happens while this one sleeps."""

from collections.abc import Callable

import pytest

from providers.errors import InProgress, UpstreamError
from providers.models import Capability, Source
from providers.resilience.between_processes import CLAIM_GRACE_S, POLL_S, Handover
from providers.resilience.places import Places
from providers.resilience.single_flight import Flights
from providers.resilience.visits import Visit
from providers.testing.fakes import FakeClock, InMemoryAnswerCache, InMemoryFlightBoard, ScriptedProvider
from tests.providers.resilience.questions import analysis, on, soon
from tests.providers.resilience.test_caching import cached_by


class EventfulClock(FakeClock):
    """Something may happen whenever somebody has slept."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()


@pytest.fixture
def clock() -> EventfulClock:
    return EventfulClock()


@pytest.fixture
def board(clock) -> InMemoryFlightBoard:
    return InMemoryFlightBoard(clock)


STORE = {"row-7": "the other's text"}
BY_ROW: Handover[str] = Handover(find=lambda row: STORE.get(row or ""), note=lambda text: "row-8")


@pytest.fixture
def here(board, clock):
    flights = Flights(board=board)

    def share(work=lambda: "mine", wait_s=2.0, deadline_s=10.0, handover=BY_ROW):
        return flights.share("key", work, wait_s, deadline=soon(clock, deadline_s), handover=handover)

    return share


def test_nobody_else_flies_so_this_process_does_and_gives_the_key_up(here, board):
    assert here() == "mine"
    assert board.claim("key", ttl_s=1).mine


def test_another_process_flies_so_its_result_is_awaited(here, board, clock):
    theirs = board.claim("key", ttl_s=10)
    clock.meanwhile = [lambda: None, lambda: board.land(theirs, "row-7")]
    assert here(work=never) == "the other's text"
    assert clock.sleeps == [POLL_S] * 2


def never():
    raise AssertionError("a second call")


def test_the_wait_for_another_process_ends_in_time(here, board, clock):
    board.claim("key", ttl_s=60)
    with pytest.raises(InProgress):
        here(work=never, wait_s=2.0)
    assert clock.monotonic() == pytest.approx(2.0)


@pytest.mark.parametrize("note", [None, "row-of-nobody"])
def test_a_flight_that_ends_without_a_result_is_repeated_here_once(here, board, clock, note):
    theirs = board.claim("key", ttl_s=10)
    clock.meanwhile = [lambda: board.land(theirs, note)]
    calls = []

    def fail():
        calls.append(1)
        raise UpstreamError

    with pytest.raises(UpstreamError):
        here(work=fail)
    assert calls == [1]
    assert board.claim("key", ttl_s=1).mine


def test_a_killed_process_holds_the_key_hardly_longer_than_its_deadline(here, board, clock):
    board.claim("key", ttl_s=3 + CLAIM_GRACE_S)
    assert here(wait_s=10) == "mine"
    assert 3 + CLAIM_GRACE_S <= clock.monotonic() < 4 + CLAIM_GRACE_S


def test_a_flight_that_began_after_the_awaited_one_does_not_hide_its_result(here, board, clock):
    theirs = board.claim("key", ttl_s=10)

    def land_and_start_again():
        board.land(theirs, "row-7")
        board.claim("key", ttl_s=10)

    clock.meanwhile = [land_and_start_again]
    assert here(work=never) == "the other's text"


def test_what_landed_before_this_caller_came_is_not_its_result(here, board):
    board.land(board.claim("key", ttl_s=10), "row-7")
    assert here() == "mine"


def test_without_a_board_each_process_flies_by_itself(here, board, clock):
    board.claim("key", ttl_s=10)

    def lose_the_board():
        board.down = True

    clock.meanwhile = [lose_the_board]
    assert here() == "mine"
    assert here() == "mine"


def test_who_has_no_place_does_not_watch_the_board_either(board, clock):
    board.claim("key", ttl_s=10)
    flights = Flights(board=board, places=Places(0))
    answer = on(
        Visit(), lambda: flights.share("key", lambda: "words", 2, deadline=soon(clock), handover=BY_ROW)
    )
    assert (answer, clock.sleeps) == ("words", [])


def test_one_call_upstream_for_two_processes_that_share_a_cache(board, clock):
    cache = InMemoryAnswerCache(clock)
    first, second = (
        cached_by(ScriptedProvider("quimbi", clock=clock), cache, flights=Flights(board=board))
        for _ in range(2)
    )
    answers = []

    def answer_while_the_other_asks(request, deadline):
        clock.meanwhile = [lambda: None]
        with pytest.raises(InProgress):  # it cannot land before this one does: they are one thread
            second.analyze(request, deadline)
        return ScriptedProvider("quimbi", clock=clock).analyze(request, deadline)

    first.inner.script(Capability.ANALYZE, answer_while_the_other_asks)
    answers.append(first.analyze(analysis(), soon(clock)))
    answers.append(second.analyze(analysis(), soon(clock)))
    assert [answer.provenance.source for answer in answers] == [Source.FRESH, Source.CACHE]
    assert (first.inner.calls(), second.inner.calls()) == (1, 0)


def test_facts_are_found_in_the_cache_without_any_note(board, clock):
    cache = InMemoryAnswerCache(clock)
    cached = cached_by(ScriptedProvider("quimbi", clock=clock), cache, flights=Flights(board=board))
    elsewhere = cached_by(ScriptedProvider("quimbi", clock=clock), cache)
    theirs = board.claim("quimbi:customer_intel:cust_123", ttl_s=10)

    def land():
        elsewhere.analyze(analysis(), soon(clock))
        board.land(theirs, None)

    clock.meanwhile = [land]
    assert cached.analyze(analysis(), soon(clock)).provenance.source is Source.CACHE
    assert cached.inner.calls() == 0
