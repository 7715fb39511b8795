"""Days of somebody's time zone, as quarters of an hour of the whole world.

A quarter is numbered from 1970 on, in UTC. Since 2000 every time zone has been off UTC by a multiple of a
quarter at midnight, so that days of any zone, of 23 and 25 hours too, are whole quarters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from service.errors import InvalidField

QUARTER_S = 900
QUARTERS_A_DAY = 96
DEFAULT_DAYS = 30
LONGEST_DAYS = 1_100
"""Three years."""

ONE_DAY = timedelta(days=1)


def quarter_of(at: datetime) -> int:
    """In which one it is."""
    return int(at.timestamp()) // QUARTER_S


def day_of(quarter: int) -> int:
    """First quarter of its day in UTC."""
    return quarter - quarter % QUARTERS_A_DAY


def year_of(quarter: int) -> int:
    """First quarter of its year in UTC."""
    return quarter_of(begin_of(quarter).replace(month=1, day=1, hour=0, minute=0))


def begin_of(quarter: int) -> datetime:
    return datetime.fromtimestamp(quarter * QUARTER_S, UTC)


def first_quarter(day: date, zone: ZoneInfo) -> int:
    """Of a day of the zone: midnight, or where the clock is put past it, that moment."""
    return int(datetime.combine(day, time(), zone).timestamp()) // QUARTER_S


@dataclass(frozen=True, slots=True)
class Days:
    """Whole days of a time zone, from `since` to the one before `until`; none where both are the same."""

    since: date
    until: date
    zone: ZoneInfo

    @classmethod
    def asked(cls, since: date | None, until: date | None, zone: ZoneInfo, now: datetime) -> Self:
        """The last 30 with today, unless told otherwise. Raises `InvalidField`."""
        last = until or now.astimezone(zone).date() + ONE_DAY
        first = since or last - timedelta(days=DEFAULT_DAYS)
        if first > last:
            raise InvalidField(
                "from", f"Must not be after to, which is {last}; name an earlier day, or a later to."
            )
        if (last - first).days > LONGEST_DAYS:
            raise InvalidField("from", f"Must be {LONGEST_DAYS} days before to at most; ask for fewer days.")
        return cls(first, last, zone)

    @classmethod
    def today(cls, zone: ZoneInfo, now: datetime) -> Self:
        day = now.astimezone(zone).date()
        return cls(day, day + ONE_DAY, zone)

    @property
    def dates(self) -> Sequence[date]:
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days)]

    @property
    def edges(self) -> Sequence[int]:
        """The first quarter of each day, and that after the last."""
        return [first_quarter(day, self.zone) for day in (*self.dates, self.until)]
