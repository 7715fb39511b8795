"""How many calls one caller may make, over a sliding minute and hour."""

import math
import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from providers.ports import Clock

MINUTE_S, HOUR_S = 60, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    per_minute: int = 100
    per_hour: int = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """`remaining` calls in the minute; `wait_s` until another is allowed, 0 where this one is."""

    limit: int
    remaining: int
    wait_s: int
    resets_at_s: int

    @property
    def headers(self) -> dict[str, str]:
        waiting = {"Retry-After": str(self.wait_s)} if self.wait_s else {}
        return waiting | {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(self.resets_at_s),
        }


class RateLimiter:
    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._calls: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def allow(self, caller: str) -> Allowance:
        """Counts the call where it is allowed."""
        now_s = self._clock.monotonic()
        with self._lock:
            calls = self._calls[caller]
            while calls and calls[0] <= now_s - HOUR_S:
                calls.popleft()
            wait_s = max(
                self._wait_s(calls, now_s, self._limit.per_minute, MINUTE_S),
                self._wait_s(calls, now_s, self._limit.per_hour, HOUR_S),
            )
            if wait_s <= 0:
                calls.append(now_s)
            in_minute = sum(at_s > now_s - MINUTE_S for at_s in calls)
        return Allowance(
            limit=self._limit.per_minute,
            remaining=max(0, self._limit.per_minute - in_minute),
            wait_s=math.ceil(max(0.0, wait_s)),
            resets_at_s=int(self._clock.now().timestamp()) + MINUTE_S,
        )

    @staticmethod
    def _wait_s(calls: deque[float], now_s: float, limit: int, window_s: int) -> float:
        """Until the call that is `limit` back has left the window."""
        return calls[-limit] + window_s - now_s if len(calls) >= limit else 0.0

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
