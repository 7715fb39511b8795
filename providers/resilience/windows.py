"""Counting what happened lately, on the chain's clock.

The `limits` library has such a window, but reads the wall clock itself and keeps a timer thread per
storage: it can neither be tested on a fake clock nor be trusted when the wall clock is set.
"""

import threading
from collections import deque

from providers.ports import Clock


class MovingWindow:
    """How often something happened in the last `length_s` seconds."""

    def __init__(self, length_s: float, clock: Clock) -> None:
        self._length_s = length_s
        self._clock = clock
        self._moments: deque[float] = deque()
        self._lock = threading.Lock()

    def add(self) -> None:
        with self._lock:
            self._moments.append(self._forget_old())

    def count(self) -> int:
        with self._lock:
            self._forget_old()
            return len(self._moments)

    def add_below(self, limit: int) -> float:
        """Count one more where there is room below `limit` and give 0, else the seconds until there is."""
        with self._lock:
            now_s = self._forget_old()
            if len(self._moments) < limit:
                self._moments.append(now_s)
                return 0.0
            return self._moments[-limit] + self._length_s - now_s

    def undo(self) -> None:
        """Take the latest back."""
        with self._lock:
            if self._moments:
                self._moments.pop()

    def _forget_old(self) -> float:
        now_s = self._clock.monotonic()
        while self._moments and self._moments[0] + self._length_s <= now_s:
            self._moments.popleft()
        return now_s
