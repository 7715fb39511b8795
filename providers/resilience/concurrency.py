"""A provider that locks up under parallel calls is never given too many."""

import math
import threading

from providers.errors import Busy
from providers.interface import IntelligenceProvider
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
        with self._lock:
            if self._in_flight >= self._places:
                raise Busy(retry_after_s=BUSY_RETRY_AFTER_S)
            self._in_flight += 1
        try:
            return call.on(self.inner)
        finally:
            with self._lock:
                self._in_flight -= 1
