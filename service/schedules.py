"""When a named job is due: pure rules on aware UTC times."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol


class Schedule(Protocol):
    def first(self, now: datetime) -> datetime:
        """When a job that was never seen before is due."""

    def after(self, now: datetime) -> datetime:
        """When it is due again, always later than `now`."""


@dataclass(frozen=True, slots=True)
class Every:
    """An interval between the end of one run and the next; due at once when first seen."""

    interval: timedelta

    def __post_init__(self) -> None:
        if self.interval <= timedelta(0):
            raise ValueError("an interval must be positive")

    def first(self, now: datetime) -> datetime:
        return now

    def after(self, now: datetime) -> datetime:
        return now + self.interval

    def __str__(self) -> str:
        seconds = self.interval.total_seconds()
        return f"every {seconds:g} s" if seconds < 1 else f"every {self.interval}"


@dataclass(frozen=True, slots=True)
class DailyAt:
    """A time of day in UTC. A day that was missed altogether is made up for once, not once per day."""

    at: time

    def first(self, now: datetime) -> datetime:
        return self.after(now)

    def after(self, now: datetime) -> datetime:
        today = datetime.combine(now.astimezone(UTC), self.at.replace(tzinfo=None), tzinfo=UTC)
        return today if today > now else today + timedelta(days=1)

    def __str__(self) -> str:
        return f"daily at {self.at:%H:%M} UTC"
