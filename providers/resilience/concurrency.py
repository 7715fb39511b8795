"""A provider that locks up under parallel calls is never given too many."""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from providers.deadline import Deadline
from providers.errors import Busy
from providers.interface import IntelligenceProvider, ProviderHealth
from providers.resilience.wrapping import A, Call, Wrapper

BUSY_RETRY_AFTER_S = 1.0


class Limited(Wrapper):
    """At most `max_concurrency` calls at once over all capabilities, and no queue behind them."""

    def __init__(self, inner: IntelligenceProvider, *, max_concurrency: int | None) -> None:
        super().__init__(inner)
        self._places = math.inf if max_concurrency is None else max_concurrency
        self._lock = threading.Lock()
        self._in_flight = 0

    @property
    def in_flight(self) -> int:
        return self._in_flight

    def around(self, call: Call[A]) -> A:
        with self._place():
            return call.on(self.inner)

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        with self._place():
            return self.inner.check_health(deadline)

    @contextmanager
    def _place(self) -> Iterator[None]:
        with self._lock:
            if self._in_flight >= self._places:
                raise Busy(retry_after_s=BUSY_RETRY_AFTER_S)
            self._in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1
