"""Retries in proportion to calls, so that they never multiply a provider's trouble."""

import threading

from providers.ports import Clock
from providers.resilience.windows import MovingWindow

WINDOW_S = 60.0
SHARE_OF_CALLS = 0.1
FREE_PER_WINDOW = 10


class RetryBudget:
    """Per provider: in any minute, 10 % of its calls and ten more."""

    def __init__(self, clock: Clock) -> None:
        self._calls = MovingWindow(WINDOW_S, clock)
        self._retries = MovingWindow(WINDOW_S, clock)
        self._lock = threading.Lock()

    def count_call(self) -> None:
        self._calls.add()

    def take(self) -> bool:
        """Whether one more retry may be made; it is then counted."""
        with self._lock:
            limit = FREE_PER_WINDOW + int(self._calls.count() * SHARE_OF_CALLS)
            return self._retries.add_below(limit) == 0
