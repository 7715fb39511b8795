"""Time and chance under a test's control."""

import threading
from datetime import UTC, datetime, timedelta
from itertools import cycle

EPOCH = datetime(2026, 1, 31, 10, 0, tzinfo=UTC)


class FakeClock:
    """Time that passes only when told: by `advance`, or by whoever sleeps on it."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._lock = threading.Lock()
        self.sleeps: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        with self._lock:
            return self._elapsed_s

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.sleeps.append(seconds)
            self._elapsed_s += seconds

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("a clock does not go back")
        with self._lock:
            self._elapsed_s += seconds


class FixedRandom:
    """`FixedRandom(0.5)` is always 0.5; several values come in turn."""

    def __init__(self, *values: float) -> None:
        self._values = cycle(values or (0.5,))
        self._lock = threading.Lock()

    def random(self) -> float:
        with self._lock:
            return next(self._values)
