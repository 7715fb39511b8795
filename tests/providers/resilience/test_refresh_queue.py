import math

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from providers.models import Capability, Reason
from providers.resilience.refresh_queue import REST_S, SETTLE_S, RefreshQueue
from providers.resilience.wrapping import Call
from providers.testing.fakes import FakeClock
from tests.providers.resilience.questions import analysis, soon

CAPABILITIES = [Capability.ANALYZE, Capability.CHURN]


def call_of(clock: FakeClock, capability: Capability = Capability.ANALYZE) -> Call:
    return Call(capability, analysis(), soon(clock), lambda *_: None)


def view(queue: RefreshQueue, clock: FakeClock, *keys: str) -> None:
    for key in keys:
        queue.view(key, call_of(clock))


def taken(queue: RefreshQueue) -> list[str]:
    return [key for key, _ in iter(queue.take, None)]


def test_the_newest_view_goes_first_and_a_second_view_is_no_second_refresh(clock):
    queue = RefreshQueue(clock)
    view(queue, clock, "a", "b", "c", "a")
    assert taken(queue) == ["a", "c", "b"]


def test_what_is_under_way_is_not_queued_again(clock):
    queue = RefreshQueue(clock)
    view(queue, clock, "a")
    queue.take()
    view(queue, clock, "a")
    assert taken(queue) == []


def test_of_too_many_those_viewed_longest_ago_are_given_up(clock):
    queue = RefreshQueue(clock, most_waiting=2)
    view(queue, clock, "a", "b", "c")
    assert taken(queue) == ["c", "b"]


def test_after_a_failure_the_same_facts_rest_and_tell_why(clock):
    queue = RefreshQueue(clock)
    view(queue, clock, "a")
    queue.take()
    queue.failed("a", Reason.TIMEOUT)
    assert queue.view("a", call_of(clock)) is Reason.TIMEOUT
    assert taken(queue) == []
    clock.advance(REST_S)
    assert queue.view("a", call_of(clock)) is None
    assert taken(queue) == ["a"]


def test_after_a_success_they_settle(clock):
    queue = RefreshQueue(clock)
    view(queue, clock, "a")
    queue.take()
    queue.succeeded("a")
    view(queue, clock, "a")
    assert taken(queue) == []
    clock.advance(SETTLE_S)
    view(queue, clock, "a")
    assert taken(queue) == ["a"]


def test_a_refusal_of_ours_holds_its_capability_back_and_no_other(clock):
    queue = RefreshQueue(clock)
    view(queue, clock, "a", "b")
    key, call = queue.take()
    queue.refused(key, call, Reason.CIRCUIT_OPEN, 30)
    assert queue.take() is None
    assert queue.due_in_s() == 30
    assert queue.view("c", call_of(clock)) is Reason.CIRCUIT_OPEN
    queue.view("other", call_of(clock, Capability.CHURN))
    assert queue.due_in_s() == 0
    assert taken(queue) == ["other"]
    clock.advance(30)
    assert taken(queue) == ["c", "a", "b"], "the refused one is the last"


class RefreshQueueMachine(RuleBasedStateMachine):
    """Against a plain model: sets of what waits and is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.queue = RefreshQueue(self.clock, most_waiting=4)
        self.under_way: dict[str, Call] = {}
        self.resting: dict[str, float] = {}

    @rule(number=st.integers(0, 7), capability=st.sampled_from(CAPABILITIES))
    def look(self, number: int, capability: Capability) -> None:
        self.queue.view((capability, number), call_of(self.clock, capability))

    @rule()
    def take(self) -> None:
        due_in_s = self.queue.due_in_s()
        found = self.queue.take()
        assert (found is not None) is (due_in_s == 0)
        if found:
            key, call = found
            assert key not in self.under_way
            assert self.resting.get(key, -math.inf) <= self.clock.monotonic()
            self.under_way[key] = call

    @precondition(lambda self: self.under_way)
    @rule(how=st.sampled_from(["succeeded", "failed", "refused"]), wait_s=st.floats(0, 100))
    def settle(self, how: str, wait_s: float) -> None:
        key, call = self.under_way.popitem()
        if how == "succeeded":
            self.queue.succeeded(key)
        elif how == "failed":
            self.queue.failed(key, Reason.TIMEOUT)
        else:
            self.queue.refused(key, call, Reason.BUSY, wait_s)
        rest_s = {"succeeded": SETTLE_S, "failed": REST_S, "refused": 0.0}[how]
        self.resting[key] = self.clock.monotonic() + rest_s

    @rule(seconds=st.floats(0, 20))
    def let_time_pass(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def never_more_wait_than_there_is_room_for(self) -> None:
        assert len(self.queue) <= 4

    @invariant()
    def what_waits_comes_within_the_longest_hold(self) -> None:
        assert self.queue.due_in_s() <= 60 + 1e-9 or not len(self.queue)


TestRefreshQueueMachine = RefreshQueueMachine.TestCase
TestRefreshQueueMachine.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)
