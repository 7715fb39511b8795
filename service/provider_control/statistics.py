"""How calls of this process went since it started, for people to read."""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from providers.models import Capability, Reason, Source
from providers.ports import CallRecord, Clock, Outcome, ServedRecord

LATENCY_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
RECENT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigures:
    """Attempts at one capability. `within[n]` of the `calls` took `LATENCY_BOUNDS_S[n]` seconds at most."""

    calls: int = 0
    failures: int = 0
    within: tuple[int, ...] = (0,) * len(LATENCY_BOUNDS_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastError:
    capability: Capability
    reason: Reason
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderFigures:
    """`oldest_served_s`: age of the oldest snapshot served in the last 5 to 10 minutes, else None."""

    by_capability: Mapping[Capability, CallFigures]
    last_error: LastError | None
    oldest_served_s: float | None


class CallStatistics:
    """`providers.ports.CallObserver`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._tallies: dict[tuple[str, Capability], _Tally] = {}
        self._last_errors: dict[str, LastError] = {}
        self._oldest: dict[str, _RecentHighest] = {}

    def called(self, record: CallRecord) -> None:
        failed = record.outcome is Outcome.FAILED
        with self._lock:
            tally = self._tallies.setdefault((record.provider, record.capability), _Tally())
            tally.add(record.duration_s, failed=failed)
            if record.reason is not None and failed:
                self._last_errors[record.provider] = LastError(
                    capability=record.capability, reason=record.reason, at=record.at
                )

    def served(self, record: ServedRecord) -> None:
        if record.source is not Source.STALE:
            return
        now_s = self._clock.monotonic()
        with self._lock:
            self._oldest.setdefault(record.provider, _RecentHighest()).add(now_s, record.age_s)

    def of(self, provider: str) -> ProviderFigures:
        now_s = self._clock.monotonic()
        with self._lock:
            oldest = self._oldest.get(provider)
            return ProviderFigures(
                by_capability={
                    capability: tally.read()
                    for (name, capability), tally in self._tallies.items()
                    if name == provider
                },
                last_error=self._last_errors.get(provider),
                oldest_served_s=oldest.read(now_s) if oldest else None,
            )


class _Tally:
    """Not thread-safe, as the one below: the lock of the statistics guards them."""

    def __init__(self) -> None:
        self._failures = 0
        self._in_bucket = [0] * (len(LATENCY_BOUNDS_S) + 1)

    def add(self, duration_s: float, *, failed: bool) -> None:
        self._failures += failed
        self._in_bucket[bisect_left(LATENCY_BOUNDS_S, duration_s)] += 1

    def read(self) -> CallFigures:
        *within, calls = accumulate(self._in_bucket)
        return CallFigures(calls=calls, failures=self._failures, within=tuple(within))


class _RecentHighest:
    """The highest of the present slot of `RECENT_S` and the one before it: two numbers, however many come."""

    def __init__(self) -> None:
        self._slot = -2
        self._now: float | None = None
        self._before: float | None = None

    def add(self, now_s: float, value: float) -> None:
        self._turn(now_s)
        self._now = value if self._now is None else max(self._now, value)

    def read(self, now_s: float) -> float | None:
        self._turn(now_s)
        return max((value for value in (self._now, self._before) if value is not None), default=None)

    def _turn(self, now_s: float) -> None:
        slot = int(now_s // RECENT_S)
        if slot != self._slot:
            self._before = self._now if slot == self._slot + 1 else None
            self._slot, self._now = slot, None
