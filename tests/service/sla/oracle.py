"""Working time the slow way: every minute asked by itself, what a clock on the wall shows at it.

It shares no code with what it judges. Times are whole minutes since 1970 in UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

MINUTES_A_DAY = 1_440
THURSDAY = 3
EPOCH = date(1970, 1, 1)
CLOSED, WORKING, HOLIDAY, PAUSE = range(4)

Hours = Sequence[tuple[int, int]]
Minutes = NDArray[Any]


@lru_cache(maxsize=50_000)
def offsets_of(zone: str, day: int) -> Minutes:
    """What the zone adds to UTC, in minutes, at each minute of a day of UTC."""
    clock, begin = ZoneInfo(zone), day * MINUTES_A_DAY
    shown = [datetime.fromtimestamp(minute * 60, clock) for minute in range(begin, begin + MINUTES_A_DAY)]
    seconds = [(each.utcoffset() or timedelta(0)).total_seconds() for each in shown]
    assert all(second % 60 == 0 for second in seconds), f"{zone} has seconds on day {day}"
    return np.array([int(second) // 60 for second in seconds], dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Oracle:
    """`pauses`: from the first minute to before the second."""

    zone: str
    weekly: dict[int, Hours]
    holidays: set[date]
    exceptions: dict[date, Hours]
    begin: int
    end: int
    pauses: Sequence[tuple[int, int]]

    @cached_property
    def offsets(self) -> Minutes:
        first, last = self.begin // MINUTES_A_DAY, self.end // MINUTES_A_DAY
        days = [offsets_of(self.zone, day) for day in range(first, last + 1)]
        skipped = self.begin - first * MINUTES_A_DAY
        return np.concatenate(days)[skipped : skipped + self.end - self.begin]

    @cached_property
    def kinds(self) -> Minutes:
        """Of each minute."""
        shown = np.arange(self.begin, self.end) + self.offsets
        days, minutes = shown // MINUTES_A_DAY, shown % MINUTES_A_DAY
        first, last = int(days.min()), int(days.max())
        table = np.stack([self._day(day) for day in range(first, last + 1)])
        kinds = table[days - first, minutes]
        for begin, end in self.pauses:
            kinds[max(begin - self.begin, 0) : max(end - self.begin, 0)] = PAUSE
        return kinds

    def _day(self, number: int) -> Minutes:
        """What each minute of a local day is, whether or not the clock ever shows it."""
        day = EPOCH + timedelta(days=number)
        if day in self.exceptions:
            hours = self.exceptions[day]
        elif day in self.holidays:
            return np.full(MINUTES_A_DAY, HOLIDAY)
        else:
            hours = self.weekly.get((number + THURSDAY) % 7, ())
        minutes = np.full(MINUTES_A_DAY, CLOSED)
        for begin, end in hours:
            minutes[begin:end] = WORKING
        return minutes

    @property
    def elapsed(self) -> int:
        return int((self.kinds == WORKING).sum())

    def due(self, target: int) -> int | None:
        """None where it is not due by the end."""
        worked = np.cumsum(self.kinds == WORKING)
        first = int(np.searchsorted(worked, target))
        return self.begin + first + 1 if first < len(worked) else None

    @property
    def jumps(self) -> list[int]:
        """The minutes before which the clock was moved; not told of the first one."""
        return [self.begin + int(at) + 1 for at in np.flatnonzero(np.diff(self.offsets))]


def at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def minute_of(moment: datetime) -> int:
    assert moment.second == moment.microsecond == 0, moment
    return int(moment.timestamp()) // 60
