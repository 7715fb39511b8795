"""Background calls leave a provider's quota to people."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from providers.deadline import Deadline
from providers.errors import NotCalled, QuotaSpent
from providers.interface import GuardPolicy, IntelligenceProvider, ProviderHealth
from providers.ports import Clock
from providers.resilience.windows import MovingWindow
from providers.resilience.wrapping import A, Call, Wrapper

BACKGROUND_SHARE = 0.5
MINUTE_S = 60.0
HOUR_S = 3600.0


class BackgroundQuota(Wrapper):
    """At most half of what the provider allows a minute and an hour, divided by `processes`."""

    def __init__(self, inner: IntelligenceProvider, *, clock: Clock, processes: int = 1) -> None:
        super().__init__(inner)
        policy = inner.policy or GuardPolicy()
        self._allowances = [
            (MovingWindow(length_s, clock), max(1, int(calls * BACKGROUND_SHARE / processes)))
            for length_s, calls in ((MINUTE_S, policy.calls_per_minute), (HOUR_S, policy.calls_per_hour))
            if calls is not None
        ]
        self._lock = threading.Lock()

    def around(self, call: Call[A]) -> A:
        with self._charged():
            return call.on(self.inner)

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        with self._charged():
            return self.inner.check_health(deadline)

    @contextmanager
    def _charged(self) -> Iterator[None]:
        """A call that a guard further in refuses costs nothing. Raises `QuotaSpent`."""
        self._spend()
        try:
            yield
        except NotCalled:
            for window, _ in self._allowances:
                window.undo()
            raise

    def _spend(self) -> None:
        """Raises `QuotaSpent`; a refused call is charged to no window."""
        with self._lock:
            charged: list[MovingWindow] = []
            for window, limit in self._allowances:
                wait_s = window.add_below(limit)
                if wait_s > 0:
                    for spent in charged:
                        spent.undo()
                    raise QuotaSpent(retry_after_s=wait_s)
                charged.append(window)
