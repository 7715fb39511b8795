"""How much one caller may ask of this process: a share of the desk's limit, counted without anybody else."""

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from providers.ports import Clock

WINDOW_S = 60
MOST_COUNTED = 10_000
"""Callers that are counted at once; whoever came first is counted anew."""


class Standing(NamedTuple):
    """`reset_s`: seconds until the window is over; `wait_s`: until there is room again, 0 where there is."""

    limit: int
    remaining: int
    reset_s: int
    wait_s: int

    def headers(self) -> Iterator[tuple[str, str]]:
        """As the IETF's draft 10 of RateLimit header fields has them."""
        yield "RateLimit-Policy", f'"caller";q={self.limit};w={WINDOW_S}'
        yield "RateLimit", f'"caller";r={self.remaining};t={self.reset_s}'


@dataclass(slots=True)
class _Count:
    window: int
    asked: int = 0
    before: int = 0


class Shares:
    """A window that slides: what was asked in the minute before counts by the part of it that is not over."""

    def __init__(self, per_minute: int, clock: Clock, *, processes: int = 1) -> None:
        """`per_minute` 0: nobody is limited."""
        self._limit = math.ceil(per_minute / processes)
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}

    def take(self, who: str) -> Standing | None:
        """One request; what is refused is not counted. None where there is no limit."""
        limit = self._limit
        if not limit:
            return None
        now_s = self._clock.monotonic()
        window = int(now_s // WINDOW_S)
        gone_s = now_s - window * WINDOW_S
        with self._lock:
            count = self._counts.get(who)
            if count is None:
                count = self._added(who, window)
            elif count.window != window:
                before = count.asked if count.window == window - 1 else 0
                count.window, count.asked, count.before = window, 0, before
            left = limit - count.asked - count.before * (1 - gone_s / WINDOW_S)
            if left >= 1:
                count.asked += 1
                return Standing(limit, int(left) - 1, math.ceil(WINDOW_S - gone_s), 0)
            return Standing(limit, 0, math.ceil(WINDOW_S - gone_s), _wait_s(limit, count, gone_s))

    def _added(self, who: str, window: int) -> _Count:
        if len(self._counts) >= MOST_COUNTED:
            del self._counts[next(iter(self._counts))]
        count = self._counts[who] = _Count(window)
        return count


def _wait_s(limit: int, count: _Count, gone_s: float) -> int:
    """Until the minute before weighs so little that one more fits, in this window or in the next."""
    room = limit - 1 - count.asked
    if room >= 0 and count.before:
        faded_s = WINDOW_S * (1 - room / count.before)
        return max(1, math.ceil(faded_s - gone_s))
    faded_s = WINDOW_S * (1 - (limit - 1) / count.asked)
    return max(1, math.ceil(WINDOW_S - gone_s + faded_s))
