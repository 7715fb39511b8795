"""The state machine of one circuit: closed, open, half-open.

pybreaker holds the state and counts consecutive failures. Around it stands what it lacks: a failure
rate, one probe at a time, outcomes that count neither way, hints, and our clock (it compares wall-clock
times, so it is told when to half-open, and is never asked while open). The call itself runs outside of it:
pybreaker takes every excluded error for a success that resets its count.
"""

import math
import threading
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

import pybreaker

from providers.errors import CircuitOpen
from providers.ports import Clock
from providers.resilience.failure_window import FailureWindow

PROBE_RETRY_AFTER_S = 1.0
"""What those who come while another caller probes are told to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitSettings:
    """Opens on `failure_threshold` failures in a row, or on `failure_rate` of `min_calls` in `window_s`.

    An answer later than `slow_facts_s` or `slow_texts_s` is used, but taken for a failure in that rate.
    """

    failure_threshold: int = 5
    failure_rate: float = 0.5
    min_calls: int = 20
    window_s: float = 60.0
    reset_timeout_s: float = 30.0
    slow_facts_s: float = 5.0
    slow_texts_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitState:
    """`name` is closed, open or half-open; `retry_after_s` is what is left of being open.

    `hinted`: open on the word of another process, without a failure of our own.
    """

    name: str
    retry_after_s: float
    failure_rate: float
    hinted: bool = False


class Verdict(Enum):
    """What a call says of its provider.

    SLOW is an answer that came too late to be healthy. UNKNOWN_CUSTOMER counts neither way, but a
    probe that brings it has shown that the provider is back.
    """

    ANSWERED = auto()
    SLOW = auto()
    UNKNOWN_CUSTOMER = auto()
    FAILED = auto()
    SAYS_NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call. `era` tells calls that began before the last change of state."""

    era: int
    probe: bool


class Breaker:
    def __init__(self, settings: CircuitSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        self._window = FailureWindow(settings.window_s)
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=settings.failure_threshold, throw_new_error_on_trip=False
        )
        self._row: set[str] = set()
        self._era = 0
        self._open_until_s = 0.0
        self._answered_at_s = -math.inf
        self._hinted = False
        self._probing = False

    def state(self) -> CircuitState:
        with self._lock:
            self._refresh()
            return self._state()

    def admit(self) -> Permit:
        """Raises `CircuitOpen`. Every permit has to be settled."""
        with self._lock:
            self._refresh()
            state = self._state()
            if state.name == pybreaker.STATE_OPEN:
                raise CircuitOpen(retry_after_s=state.retry_after_s)
            probe = state.name == pybreaker.STATE_HALF_OPEN
            if probe and self._probing:
                raise CircuitOpen(retry_after_s=PROBE_RETRY_AFTER_S)
            self._probing = probe
            return Permit(self._era, probe)

    def settle(self, permit: Permit, customer_id: str, verdict: Verdict) -> tuple[CircuitState, CircuitState]:
        """The state before and after what the call showed."""
        with self._lock:
            before = self._state()
            if permit.era == self._era:
                self._probing = self._probing and not permit.probe
                self._window.forget_before(self._clock.monotonic())
                self._count(permit, customer_id, verdict)
            return before, self._state()

    def reset(self) -> None:
        """Close, whatever was."""
        with self._lock:
            self._breaker.close()
            self._change_era()

    def hint_open(self, left_s: float) -> bool:
        """Open for what is left of another process's opening; whether that was done.

        A hint opens a closed circuit only, and not where the provider has answered us since the other
        process gave it up: what we saw ourselves goes before what we are told.
        """
        with self._lock:
            self._refresh()
            left_s = min(left_s, self._settings.reset_timeout_s)
            now_s = self._clock.monotonic()
            given_up_at_s = now_s + left_s - self._settings.reset_timeout_s
            closed = self._breaker.current_state == pybreaker.STATE_CLOSED
            if left_s <= 0 or not closed or self._answered_at_s > given_up_at_s:
                return False
            self._breaker.open()
            self._change_era()
            self._open_until_s, self._hinted = now_s + left_s, True
            return True

    def _count(self, permit: Permit, customer_id: str, verdict: Verdict) -> None:
        if verdict in (Verdict.ANSWERED, Verdict.UNKNOWN_CUSTOMER):
            self._answered_at_s = self._clock.monotonic()
        if verdict is Verdict.SAYS_NOTHING or (verdict is Verdict.UNKNOWN_CUSTOMER and not permit.probe):
            return
        failed = verdict in (Verdict.FAILED, Verdict.SLOW)
        if failed and self._window.failed_for(customer_id):
            return
        self._window.add(self._clock.monotonic(), customer_id, failed=failed)
        before = self._breaker.current_state
        self._count_in_row(permit, customer_id, verdict)
        if before == self._breaker.current_state == pybreaker.STATE_CLOSED and self._rate_is_bad():
            self._breaker.open()
        if self._breaker.current_state != before:
            self._change_era()

    def _count_in_row(self, permit: Permit, customer_id: str, verdict: Verdict) -> None:
        """A row is of different customers: one who fails every minute does not open the circuit."""
        if verdict is Verdict.FAILED or (verdict is Verdict.SLOW and permit.probe):
            if customer_id not in self._row or permit.probe:
                self._row.add(customer_id)
                self._tell(failed=True)
        else:
            self._row.clear()
            self._tell(failed=False)

    def _tell(self, *, failed: bool) -> None:
        with suppress(_Failure), self._breaker.calling():
            if failed:
                raise _Failure

    def _rate_is_bad(self) -> bool:
        return (
            len(self._window) >= self._settings.min_calls
            and self._window.failure_rate >= self._settings.failure_rate
        )

    def _refresh(self) -> None:
        self._window.forget_before(self._clock.monotonic())
        if self._breaker.current_state == pybreaker.STATE_OPEN and self._left_s() <= 0:
            self._breaker.half_open()
            self._change_era()

    def _change_era(self) -> None:
        self._era += 1
        self._row.clear()
        self._probing = self._hinted = False
        if self._breaker.current_state == pybreaker.STATE_OPEN:
            self._open_until_s = self._clock.monotonic() + self._settings.reset_timeout_s
        if self._breaker.current_state == pybreaker.STATE_CLOSED:
            self._window.start_over()

    def _left_s(self) -> float:
        return max(0.0, self._open_until_s - self._clock.monotonic())

    def _state(self) -> CircuitState:
        name = self._breaker.current_state
        return CircuitState(
            name=name,
            retry_after_s=self._left_s() if name == pybreaker.STATE_OPEN else 0.0,
            failure_rate=self._window.failure_rate,
            hinted=self._hinted,
        )


class _Failure(Exception):
    """Tells pybreaker of a failure, and is never seen outside."""
