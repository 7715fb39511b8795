"""Where a time zone's clocks are moved: the parts of a span in which local time runs evenly."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """`at` in UTC; `before` and `after` are what is added to UTC."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def words(self) -> str:
        """What a clock on the wall shows at the moment, and what it is moved to."""
        shown = self.at.replace(tzinfo=None) + self.before
        moved = self.at.replace(tzinfo=None) + self.after
        form = "%H:%M" if shown.date() == moved.date() else "%Y-%m-%d %H:%M"
        way = "forward" if self.after > self.before else "back"
        return f"clocks go {way} from {shown:{form}} to {moved:{form}}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `begin` to before `end`, in UTC, `offset` is added. `change`: what it begins with, if anything."""

    begin: datetime
    end: datetime
    offset: timedelta
    change: Change | None = None


def stretches(zone: str, begin: datetime, end: datetime) -> Iterator[Stretch]:
    """They follow each other from `begin` to `end`, both in UTC."""
    if begin >= end:
        return
    offset, since, told = _offset(ZoneInfo(zone), begin), begin, None
    for year in range(begin.year, end.year + 1):
        for change in _changes(zone, year):
            if begin < change.at < end:
                yield Stretch(since, change.at, offset, told)
                offset, since, told = change.after, change.at, change
            elif change.at == begin:
                told = change
    yield Stretch(since, end, offset, told)


@lru_cache(maxsize=4_096)
def _changes(zone: str, year: int) -> tuple[Change, ...]:
    """Those of a year of UTC, found by comparing its days: a rule that is undone within a day is not seen."""
    clock = ZoneInfo(zone)
    found: list[Change] = []
    day, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    # A change at the very beginning of the year is this year's.
    day -= SECOND
    end -= SECOND
    while day < end:
        until = min(day + DAY, end)
        while _offset(clock, day) != _offset(clock, until):
            found.append(change := _first_change(clock, day, until))
            day = change.at
        day = until
    return tuple(found)


def _first_change(clock: ZoneInfo, begin: datetime, end: datetime) -> Change:
    """`begin` and `end`, whole seconds, have different offsets."""
    before = _offset(clock, begin)
    while end - begin > SECOND:
        middle = begin + (end - begin) // SECOND // 2 * SECOND
        if _offset(clock, middle) == before:
            begin = middle
        else:
            end = middle
    return Change(end, before, _offset(clock, end))


def _offset(clock: ZoneInfo, at: datetime) -> timedelta:
    offset = at.astimezone(clock).utcoffset()
    if offset is None:
        raise ValueError(f"{clock.key} tells no offset for {at}")
    return offset
