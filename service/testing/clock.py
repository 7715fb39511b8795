"""Time that a test can move on."""

import threading
from datetime import datetime, timedelta

from service.clock import SystemClock


class MovableClock(SystemClock):
    """Real time, and what was added to it: by `advance`, never by waiting."""

    def __init__(self) -> None:
        self._ahead_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._ahead_s)

    def monotonic(self) -> float:
        return super().monotonic() + self._ahead_s

    def advance(self, seconds: float) -> None:
        """Caches run out, facts age and circuits probe as if so much time had passed."""
        if seconds < 0:
            raise ValueError("a clock does not go back")
        with self._lock:
            self._ahead_s += seconds
