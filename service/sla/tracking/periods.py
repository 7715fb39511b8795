"""Whole days of a time zone, as spans of time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from service.errors import InvalidField

DEFAULT_DAYS = 30
LONGEST_DAYS = 1_100
"""Three years."""

ONE_DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Period:
    """From the day `since` to the one before `until`; none where both are the same."""

    since: date
    until: date
    zone: ZoneInfo

    @classmethod
    def asked(cls, since: date | None, until: date | None, zone: ZoneInfo, now: datetime) -> Self:
        """The last 30 days with today, unless told otherwise. Raises `InvalidField`."""
        last = until or now.astimezone(zone).date() + ONE_DAY
        first = since or last - timedelta(days=DEFAULT_DAYS)
        if first > last:
            raise InvalidField(
                "from", f"Must not be after to, which is {last}; name an earlier day, or a later to."
            )
        if (last - first).days > LONGEST_DAYS:
            raise InvalidField("from", f"Must be {LONGEST_DAYS} days before to at most; ask for fewer days.")
        return cls(first, last, zone)

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days)]

    @property
    def edges(self) -> list[datetime]:
        """In UTC, where each day begins, and where the last ends; at a whole quarter of an hour."""
        return [self._begin(day) for day in (*self.days, self.until)]

    @property
    def begin(self) -> datetime:
        return self._begin(self.since)

    @property
    def end(self) -> datetime:
        return self._begin(self.until)

    def _begin(self, day: date) -> datetime:
        at = datetime.combine(day, time(), self.zone).astimezone(UTC)
        return at - (at - datetime.combine(at.date(), time(), UTC)) % QUARTER
