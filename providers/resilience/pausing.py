"""A provider that asks for a pause gets it."""

import math
import threading

import structlog

from providers.deadline import Deadline
from providers.errors import Paused, ProviderFault, RateLimited
from providers.interface import IntelligenceProvider, ProviderHealth
from providers.models import Reason
from providers.ports import Clock
from providers.resilience.wrapping import A, Call, Wrapper

DEFAULT_PAUSE_S = 60.0
MAX_PAUSE_S = 300.0

log = structlog.get_logger(__name__)


class Pausing(Wrapper):
    """After a Retry-After that nobody waited for, no capability is called until it is over."""

    def __init__(self, inner: IntelligenceProvider, *, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock
        self._lock = threading.Lock()
        self._until_s = -math.inf

    @property
    def remaining_s(self) -> float:
        """Seconds left of the pause, 0 where there is none."""
        return max(0.0, self._until_s - self._clock.monotonic())

    def around(self, call: Call[A]) -> A:
        self._refuse_while_paused()
        try:
            return call.on(self.inner)
        except RateLimited as error:
            self._pause(error.retry_after_s)
            raise
        except ProviderFault as error:
            if error.retry_after_s is not None:
                self._pause(error.retry_after_s)
            raise

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        self._refuse_while_paused()
        health = self.inner.check_health(deadline)
        if health.reason is Reason.RATE_LIMITED or health.retry_after_s is not None:
            self._pause(health.retry_after_s)
        return health

    def _refuse_while_paused(self) -> None:
        left_s = self.remaining_s
        if left_s > 0:
            raise Paused(retry_after_s=left_s)

    def resume(self) -> None:
        with self._lock:
            self._until_s = -math.inf

    def _pause(self, wished_s: float | None) -> None:
        """A pause is never shortened by a call that began before it."""
        pause_s = min(DEFAULT_PAUSE_S if wished_s is None else wished_s, MAX_PAUSE_S)
        with self._lock:
            self._until_s = max(self._until_s, self._clock.monotonic() + pause_s)
        log.warning(
            "provider_paused", service=self.display_name, provider=self.name, pause_s=round(pause_s, 1)
        )
