"""A provider that locks up under parallel calls is never given too many."""

import itertools
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from providers.deadline import Deadline
from providers.errors import Busy
from providers.interface import IntelligenceProvider, ProviderHealth
from providers.models import Capability
from providers.ports import Clock
from providers.resilience.wrapping import A, Call, Wrapper

BUSY_RETRY_AFTER_S = 1.0


class _Began(NamedTuple):
    """`capability` is None for a check of the provider's health."""

    capability: Capability | None
    at_s: float


class Limited(Wrapper):
    """At most `max_concurrency` calls at once over all capabilities, and no queue behind them."""

    def __init__(self, inner: IntelligenceProvider, *, max_concurrency: int | None, clock: Clock) -> None:
        super().__init__(inner)
        self._places = math.inf if max_concurrency is None else max_concurrency
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._in_flight: dict[int, _Began] = {}

    @property
    def in_flight(self) -> int:
        return len(self._in_flight)

    def waiting_s(self) -> Mapping[Capability, float]:
        """How long the oldest call in flight has been without an answer, in seconds."""
        now_s = self._clock.monotonic()
        with self._lock:  # oldest last, so that it is the one that stays
            calls = [*reversed(self._in_flight.values())]
        return {began.capability: now_s - began.at_s for began in calls if began.capability is not None}

    def around(self, call: Call[A]) -> A:
        with self._place(call.capability):
            return call.on(self.inner)

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        with self._place(None):
            return self.inner.check_health(deadline)

    @contextmanager
    def _place(self, capability: Capability | None) -> Iterator[None]:
        with self._lock:
            if len(self._in_flight) >= self._places:
                raise Busy(retry_after_s=BUSY_RETRY_AFTER_S)
            number = next(self._numbers)
            self._in_flight[number] = _Began(capability, self._clock.monotonic())
        try:
            yield
        finally:
            with self._lock:
                del self._in_flight[number]
