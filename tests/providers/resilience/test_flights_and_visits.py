"""Requests that come, lead, wait, run anew and go, in any order: one call per key, and no place lost."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from providers.errors import Busy, InProgress, UpstreamError
from providers.resilience.places import Places
from providers.resilience.single_flight import Flights
from providers.resilience.visits import Parked, Visit
from providers.testing.fakes import FakeClock
from tests.providers.resilience.questions import on, outcome, soon

KEYS = ["a", "b", "c", "d"]
PLACES = 2
WAIT_S = 2.0


@dataclass
class Leader:
    """A request on a thread of its own, whose provider answers when told to."""

    begun: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    result: object = None
    came_out: object = None
    thread: threading.Thread | None = None


@dataclass
class Follower:
    leader: Leader
    leaving: Parked
    visit: Visit


class FlightsAndVisits(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.places = Places(PLACES)
        self.flights = Flights(places=self.places)
        self.flying: dict[str, Leader] = {}
        self.parked: dict[str, list[Follower]] = defaultdict(list)
        self.calls_of: dict[str, int] = defaultdict(int)
        self.together = 0

    @rule(key=st.sampled_from(KEYS))
    def a_request_comes(self, key):
        if key in self.flying:
            self._follow(key)
        elif len(self.flying) < PLACES:
            self._lead(key)
        else:
            with pytest.raises(Busy):
                on(Visit(), lambda: self._share(key, self._never))

    @precondition(lambda self: self.flying)
    @rule(chance=st.randoms(use_true_random=False), fails=st.booleans())
    def a_flight_lands(self, chance, fails):
        key = chance.choice(sorted(self.flying))
        leader = self.flying.pop(key)
        leader.result = UpstreamError() if fails else object()
        leader.release.set()
        leader.thread.join(5)
        assert leader.came_out is leader.result
        for follower in self.parked.pop(key, []):
            assert follower.leaving.landing.done()
            assert self._again(key, follower) is leader.result

    @precondition(lambda self: any(self.parked.values()))
    @rule(chance=st.randoms(use_true_random=False))
    def a_wait_ends(self, chance):
        key = chance.choice(sorted(key for key, waiting in self.parked.items() if waiting))
        follower = self.parked[key].pop()
        assert isinstance(self._again(key, follower), InProgress)

    @rule(seconds=st.floats(0, 5))
    def time_passes(self, seconds):
        self.clock.advance(seconds)

    @invariant()
    def one_call_per_key_is_under_way(self):
        assert self.flights.under_way == len(self.flying)
        assert self.together <= PLACES

    def teardown(self):
        for leader in self.flying.values():
            leader.release.set()
            leader.thread.join(5)
        with self.places.if_free() as free:
            assert free
        for _ in range(PLACES):
            assert on(Visit(), self._take_a_place)

    def _share(self, key, work):
        return self.flights.share(key, work, WAIT_S, deadline=soon(self.clock, 1e6))

    def _lead(self, key):
        leader = self.flying[key] = Leader()

        def ask():
            with self.places.one():
                self.together += 1
                self.calls_of[key] += 1
                leader.begun.set()
                assert leader.release.wait(5)
                self.together -= 1
            if isinstance(leader.result, Exception):
                raise leader.result
            return leader.result

        def run():
            leader.came_out = outcome(lambda: on(Visit(), lambda: self._share(key, ask)))

        leader.thread = threading.Thread(target=run)
        leader.thread.start()
        assert leader.begun.wait(5)

    def _follow(self, key):
        visit = Visit()
        with pytest.raises(Parked) as leaving:
            on(visit, lambda: self._share(key, self._never))
        assert leaving.value.wait_s == pytest.approx(WAIT_S)
        self.parked[key].append(Follower(self.flying[key], leaving.value, visit))

    def _again(self, key, follower):
        return outcome(lambda: on(follower.visit, lambda: self._share(key, self._never)))

    def _never(self):
        with self.places.one():
            raise AssertionError("a second call")

    def _take_a_place(self):
        with self.places.if_free() as free:
            return free


TestFlightsAndVisits = FlightsAndVisits.TestCase
TestFlightsAndVisits.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
