"""The circuit's state machine against a model of its rules, and each rule by itself."""

import math
import threading

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from providers.errors import CircuitOpen
from providers.resilience.breaker import Breaker, CircuitSettings, Permit, Verdict
from providers.testing.fakes import FakeClock
from tests.providers.resilience.questions import at_once

SETTINGS = CircuitSettings(
    failure_threshold=3, failure_rate=0.5, min_calls=6, window_s=60, reset_timeout_s=30
)


@pytest.fixture
def breaker(clock: FakeClock) -> Breaker:
    return Breaker(SETTINGS, clock)


def tell(breaker: Breaker, verdict: Verdict, customer_id: str) -> None:
    breaker.settle(breaker.admit(), customer_id, verdict)


def trip(breaker: Breaker) -> None:
    for customer in range(3):
        tell(breaker, Verdict.FAILED, f"tripped_{customer}")


def test_failures_in_a_row_open_it(breaker):
    trip(breaker)
    assert breaker.state().name == "open"


def test_an_answer_between_failures_starts_the_row_anew(breaker):
    for customer in range(2):
        tell(breaker, Verdict.FAILED, f"a{customer}")
    tell(breaker, Verdict.ANSWERED, "b")
    for customer in range(2):
        tell(breaker, Verdict.FAILED, f"c{customer}")
    assert breaker.state().name == "closed"


@pytest.mark.parametrize("verdict", [Verdict.SAYS_NOTHING, Verdict.UNKNOWN_CUSTOMER])
def test_what_says_nothing_neither_counts_nor_interrupts_a_row(breaker, verdict):
    for _ in range(50):
        tell(breaker, verdict, "anybody")
    for customer in range(3):
        tell(breaker, Verdict.FAILED, f"c{customer}")
        if customer < 2:
            tell(breaker, verdict, "anybody")
    assert breaker.state().name == "open"


@pytest.mark.parametrize("bad", [Verdict.FAILED, Verdict.SLOW])
def test_half_of_enough_calls_going_wrong_opens_it(breaker, bad):
    for call in range(6):
        assert breaker.state().name == "closed"
        tell(breaker, bad if call % 2 else Verdict.ANSWERED, f"c{call}")
    assert breaker.state().name == "open"


def test_old_failures_are_out_of_the_rate(breaker, clock):
    for call in range(5):
        tell(breaker, Verdict.FAILED if call % 2 else Verdict.ANSWERED, f"c{call}")
    clock.advance(60)
    tell(breaker, Verdict.FAILED, "late")
    assert breaker.state().name == "closed"
    assert breaker.state().failure_rate == 1.0


def test_one_customer_who_always_fails_never_opens_it(breaker, clock):
    for _ in range(200):
        tell(breaker, Verdict.FAILED, "broken")
        clock.advance(1)
    assert breaker.state().name == "closed"


def test_open_tells_what_is_left(breaker, clock):
    trip(breaker)
    clock.advance(12)
    with pytest.raises(CircuitOpen) as raised:
        breaker.admit()
    assert raised.value.retry_after_s == pytest.approx(18)
    assert breaker.state().retry_after_s == pytest.approx(18)


def test_after_its_time_exactly_one_of_many_may_probe(breaker, clock):
    trip(breaker)
    clock.advance(30)
    outcomes = at_once(16, breaker.admit)
    assert sum(isinstance(permit, Permit) for permit in outcomes) == 1
    assert sum(isinstance(error, CircuitOpen) for error in outcomes) == 15


@pytest.mark.parametrize("verdict", [Verdict.ANSWERED, Verdict.UNKNOWN_CUSTOMER])
def test_a_probe_that_is_answered_closes_it(breaker, clock, verdict):
    trip(breaker)
    clock.advance(30)
    tell(breaker, verdict, "new")
    assert breaker.state().name == "closed"


def test_a_rate_that_opened_it_does_not_undo_a_probe(breaker, clock):
    for call in range(6):
        tell(breaker, Verdict.SLOW, f"c{call}")
    assert breaker.state().name == "open"
    clock.advance(30)
    tell(breaker, Verdict.ANSWERED, "new")
    assert breaker.state().name == "closed"


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.SLOW])
def test_a_probe_that_goes_wrong_opens_it_for_another_while(breaker, clock, verdict):
    trip(breaker)
    clock.advance(31)
    tell(breaker, verdict, "new")
    assert breaker.state().name == "open"
    assert breaker.state().retry_after_s == pytest.approx(30)


def test_a_probe_that_was_never_made_leaves_the_next_to_decide(breaker, clock):
    trip(breaker)
    clock.advance(30)
    tell(breaker, Verdict.SAYS_NOTHING, "new")
    assert breaker.state().name == "half-open"
    tell(breaker, Verdict.ANSWERED, "new")
    assert breaker.state().name == "closed"


def test_a_customer_for_whom_it_failed_before_does_not_spoil_a_probe(breaker, clock):
    trip(breaker)
    clock.advance(30)
    tell(breaker, Verdict.FAILED, "tripped_0")
    assert breaker.state().name == "half-open"
    tell(breaker, Verdict.ANSWERED, "new")
    assert breaker.state().name == "closed"


def test_calls_begun_before_the_change_of_state_decide_nothing(breaker, clock):
    straggler = breaker.admit()
    trip(breaker)
    breaker.settle(straggler, "late", Verdict.ANSWERED)
    assert breaker.state().name == "open"
    clock.advance(30)
    probe = breaker.admit()
    breaker.settle(straggler, "later", Verdict.FAILED)
    assert breaker.state().name == "half-open"
    with pytest.raises(CircuitOpen):
        breaker.admit()
    breaker.settle(probe, "new", Verdict.ANSWERED)
    assert breaker.state().name == "closed"


def test_it_does_not_open_again_for_what_happened_before_it_closed(breaker, clock):
    trip(breaker)
    clock.advance(30)
    tell(breaker, Verdict.ANSWERED, "new")
    for call in range(2):
        tell(breaker, Verdict.FAILED, f"again_{call}")
    assert breaker.state().name == "closed"


def test_an_operator_can_close_it(breaker):
    trip(breaker)
    breaker.reset()
    tell(breaker, Verdict.ANSWERED, "new")
    assert breaker.state().name == "closed"


def test_closed_by_an_operator_it_opens_again_for_the_same_customers(breaker, clock):
    trip(breaker)
    breaker.reset()
    clock.advance(60)
    trip(breaker)
    assert breaker.state().name == "open"


def test_a_hint_opens_a_closed_circuit_for_what_is_left_and_then_lets_one_probe(breaker, clock):
    assert breaker.hint_open(12)
    assert (breaker.state().name, breaker.state().hinted) == ("open", True)
    with pytest.raises(CircuitOpen) as raised:
        breaker.admit()
    assert raised.value.retry_after_s == pytest.approx(12)
    clock.advance(12)
    assert sum(isinstance(permit, Permit) for permit in at_once(8, breaker.admit)) == 1
    assert not breaker.state().hinted


def test_a_failed_probe_after_a_hint_is_an_opening_of_our_own(breaker, clock):
    breaker.hint_open(12)
    clock.advance(12)
    tell(breaker, Verdict.FAILED, "new")
    assert (breaker.state().name, breaker.state().hinted) == ("open", False)
    assert breaker.state().retry_after_s == pytest.approx(30)


@pytest.mark.parametrize("left_s", [0, -5])
def test_a_hint_that_came_too_late_is_ignored(breaker, left_s):
    assert not breaker.hint_open(left_s)
    assert breaker.state().name == "closed"


def test_no_hint_keeps_a_circuit_open_for_longer_than_its_own_time(breaker, clock):
    assert breaker.hint_open(10_000)
    assert breaker.state().retry_after_s == 30


def test_a_hint_neither_prolongs_an_opening_of_our_own_nor_makes_it_one_of_others(breaker, clock):
    trip(breaker)
    clock.advance(20)
    assert not breaker.hint_open(30)
    assert breaker.state().retry_after_s == pytest.approx(10)
    assert not breaker.state().hinted
    clock.advance(10)
    assert not breaker.hint_open(30), "it probes by itself"
    assert breaker.state().name == "half-open"


def test_who_was_answered_since_the_others_gave_up_does_not_take_their_hint(breaker, clock):
    clock.advance(100)
    tell(breaker, Verdict.ANSWERED, "ours")
    clock.advance(2)
    assert not breaker.hint_open(27), "opened a second before we were answered"
    assert breaker.hint_open(29), "opened a second after"


def test_a_reset_ends_what_a_hint_began(breaker):
    breaker.hint_open(30)
    breaker.reset()
    assert (breaker.state().name, breaker.state().hinted) == ("closed", False)


def test_calls_begun_before_a_hint_decide_nothing(breaker):
    straggler = breaker.admit()
    breaker.hint_open(30)
    breaker.settle(straggler, "late", Verdict.ANSWERED)
    assert breaker.state().name == "open"


def test_no_verdict_is_lost_between_threads(clock):
    breaker = Breaker(CircuitSettings(failure_threshold=1000, min_calls=1000), clock)
    together = threading.Barrier(8)

    def tell_many() -> None:
        together.wait()
        for _ in range(50):
            tell(breaker, Verdict.ANSWERED, "anybody")

    at_once(8, tell_many)
    assert len(breaker._window) == 400


class BreakerMachine(RuleBasedStateMachine):
    """Callers come and go in any order; a plain retelling of the rules predicts the state."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = Breaker(SETTINGS, self.clock)
        self.flying: list[tuple[Permit, str, int]] = []
        self.expected = "closed"
        self.era = 0
        self.open_until = 0.0
        self.answered_at = -math.inf
        self.hinted = False
        self.row: set[str] = set()
        self.calls: list[tuple[float, bool]] = []
        self.failed: dict[str, float] = {}

    @rule(seconds=st.sampled_from([0.0, 1.0, 7.0, 29.0, 30.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(customer=st.sampled_from("abcdefgh"))
    def begin(self, customer: str) -> None:
        self.look()
        probing = any(era == self.era for _, _, era in self.flying)
        refused = self.expected == "open" or (self.expected == "half-open" and probing)
        if refused:
            with pytest.raises(CircuitOpen) as raised:
                self.breaker.admit()
            assert 0 < raised.value.retry_after_s <= 30
        else:
            self.flying.append((self.breaker.admit(), customer, self.era))

    @precondition(lambda self: self.flying)
    @rule(which=st.integers(0, 7), verdict=st.sampled_from(Verdict))
    def end(self, which: int, verdict: Verdict) -> None:
        permit, customer, era = self.flying.pop(which % len(self.flying))
        self.breaker.settle(permit, customer, verdict)
        if era == self.era:
            self.count(customer, verdict, probe=self.expected == "half-open")

    @rule(left=st.sampled_from([-1.0, 0.0, 0.5, 7.0, 29.0, 30.0, 45.0]))
    def hint(self, left: float) -> None:
        self.look()
        left = min(left, 30.0)
        given_up_at = self.clock.monotonic() + left - 30
        taken = left > 0 and self.expected == "closed" and self.answered_at <= given_up_at
        assert self.breaker.hint_open(left) is taken
        if taken:
            self.change("open")
            self.open_until, self.hinted = self.clock.monotonic() + left, True

    @rule()
    def reset(self) -> None:
        self.change("closed")
        self.breaker.reset()

    def count(self, customer: str, verdict: Verdict, *, probe: bool) -> None:
        self.forget()
        if verdict in (Verdict.ANSWERED, Verdict.UNKNOWN_CUSTOMER):
            self.answered_at = self.clock.monotonic()
        bad = verdict in (Verdict.FAILED, Verdict.SLOW)
        if verdict is Verdict.SAYS_NOTHING or (verdict is Verdict.UNKNOWN_CUSTOMER and not probe):
            return
        if bad and customer in self.failed:
            return
        if bad:
            self.failed[customer] = self.clock.monotonic()
        else:
            self.failed.pop(customer, None)
        self.calls.append((self.clock.monotonic(), bad))
        self.row = self.row | {customer} if verdict is Verdict.FAILED else set()
        rate_is_bad = len(self.calls) >= 6 and sum(bad for _, bad in self.calls) * 2 >= len(self.calls)
        if probe:
            self.change("open" if bad else "closed")
        elif len(self.row) >= 3 or rate_is_bad:
            self.change("open")

    def change(self, name: str) -> None:
        self.expected = name
        self.era += 1
        self.hinted = False
        if name == "open":
            self.open_until = self.clock.monotonic() + 30
        if name == "closed":
            self.row = set()
            self.calls.clear()

    def look(self) -> None:
        if self.expected == "open" and self.clock.monotonic() >= self.open_until:
            self.change("half-open")

    def forget(self) -> None:
        oldest = self.clock.monotonic() - 60
        self.calls = [call for call in self.calls if call[0] > oldest]
        self.failed = {customer: at for customer, at in self.failed.items() if at > oldest}

    @invariant()
    def agrees(self) -> None:
        self.look()
        state = self.breaker.state()
        assert (state.name, state.hinted) == (self.expected, self.hinted)
        assert 0 <= state.retry_after_s <= 30


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = hypothesis_settings(max_examples=200, stateful_step_count=60, deadline=None)


class HintingMachine(RuleBasedStateMachine):
    """Three processes hear of each other's openings at any time, and none keeps the others open by echo."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breakers = [Breaker(SETTINGS, self.clock) for _ in range(3)]
        self.opened_at = -math.inf

    @rule(seconds=st.sampled_from([0.0, 0.5, 2.0, 15.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(which=st.integers(0, 2), customer=st.integers(0, 1_000_000), failed=st.booleans())
    def ask(self, which: int, customer: int, failed: bool) -> None:
        try:
            permit = self.breakers[which].admit()
        except CircuitOpen:
            return
        verdict = Verdict.FAILED if failed else Verdict.ANSWERED
        _, after = self.breakers[which].settle(permit, str(customer), verdict)
        if after.name == "open" and not after.hinted:
            self.opened_at = self.clock.monotonic()

    @rule(teller=st.integers(0, 2))
    def tell(self, teller: int) -> None:
        state = self.breakers[teller].state()
        if state.name == "open" and not state.hinted:
            for breaker in self.breakers:
                breaker.hint_open(state.retry_after_s)

    @invariant()
    def no_hint_outlives_the_opening(self) -> None:
        if self.clock.monotonic() >= self.opened_at + SETTINGS.reset_timeout_s:
            assert "open" not in {breaker.state().name for breaker in self.breakers}


TestHintingMachine = HintingMachine.TestCase
TestHintingMachine.settings = hypothesis_settings(max_examples=200, stateful_step_count=60, deadline=None)
