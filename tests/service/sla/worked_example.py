"""The worked examples of docs/service-levels.md: read as they are printed, reckoned, and printed again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from service.sla.parsing import DAYS, intervals
from service.sla.public_holidays import PublicHolidays
from service.sla.working_time import (
    Calendar,
    ExceptionalDay,
    Interval,
    Kind,
    NotDue,
    Span,
    due,
    elapsed,
    working_segments,
)

HOURS = re.compile(r"(\d\d:\d\d)-(\d\d:\d\d)")
DAY = timedelta(days=1)
NOT_DUE = {
    NotDue.PAUSED: "not while it is pending",
    NotDue.NO_WORKING_TIME: "never, since nobody works",
}


@dataclass(frozen=True)
class Example:
    """`lines`: what is given, by its first word. All times are local ones."""

    lines: list[tuple[str, str]]

    @classmethod
    def printed(cls, text: str) -> "Example":
        given, _, _ = text.partition("\n\n")
        return cls([(words[0], words[1]) for line in given.splitlines() if (words := line.split(None, 1))])

    def all(self, name: str) -> list[str]:
        return [told for key, told in self.lines if key == name]

    def one(self, name: str) -> str:
        (told,) = self.all(name)
        return told

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.one("zone"))

    @property
    def calendar(self) -> Calendar:
        weekly = {day: hours for told in self.all("hours") for day, hours in _week(told)}
        country, _, part = (self.all("holidays") or [""])[0].partition("-")
        exceptions = {}
        for told in self.all("exception"):
            day, _, rest = told.partition(" ")
            name = HOURS.sub("", rest).strip()
            exceptions[date.fromisoformat(day)] = ExceptionalDay(_intervals(rest), name or None)
        return Calendar(self.one("zone"), weekly, PublicHolidays(country or None, part or None), exceptions)

    @property
    def pauses(self) -> list[Span]:
        spans = []
        for told in self.all("pending"):
            begin, _, end = told.removeprefix("from ").partition(" to ")
            spans.append(Span(self.moment(begin), self.moment(end) if end else None, "pending"))
        return spans

    def moment(self, told: str) -> datetime:
        at = datetime.fromisoformat(told.split(None, 1)[1])
        return (at if at.tzinfo else at.replace(tzinfo=self.zone)).astimezone(UTC)

    def shown(self, at: datetime) -> str:
        """With what is added to UTC where the clock is moved at about that time."""
        local = at.astimezone(self.zone)
        moved = (at - DAY).astimezone(self.zone).utcoffset() != (at + DAY).astimezone(self.zone).utcoffset()
        return f"{local:%a %Y-%m-%d %H:%M}" + (local.isoformat()[-6:] if moved else "")

    def reckoned(self) -> str:
        """The whole block."""
        opened = self.moment(self.one("opened"))
        found = due(self.calendar, opened, _length(self.one("target")), self.pauses)
        end = found.at or self.moment(self.one("read"))
        segments = working_segments(self.calendar, opened, end, self.pauses)
        rows = [
            f"{self.shown(one.begin)}  {self.shown(one.end)}  {_told(one.length):>6}  {one.kind}"
            + (f" ({one.name})" if one.name else "")
            for one in segments
        ]
        sum_of = _told(elapsed(self.calendar, opened, end, self.pauses))
        assert sum_of == _told(_sum(self, opened, end))
        given = [f"{key:<9} {told}" for key, told in self.lines]
        outcome = self.shown(found.at) if found.at else NOT_DUE[found.reason or NotDue.PAUSED]
        return "\n".join([*given, "", *rows, "", f"elapsed   {sum_of}", f"due       {outcome}", ""])


def _sum(example: Example, begin: datetime, end: datetime) -> timedelta:
    segments = working_segments(example.calendar, begin, end, example.pauses)
    return sum((one.length for one in segments if one.kind is Kind.WORKING), timedelta(0))


def _week(told: str) -> Iterator[tuple[int, tuple[Interval, ...]]]:
    """`monday-friday 09:00-12:00 13:00-17:00`."""
    days, _, hours = told.partition(" ")
    first, _, last = days.partition("-")
    for number in range(DAYS.index(first), DAYS.index(last or first) + 1):
        yield number, _intervals(hours)


def _intervals(text: str) -> tuple[Interval, ...]:
    return intervals([{"from": begin, "to": end} for begin, end in HOURS.findall(text)])


def _length(told: str) -> timedelta:
    hours, _, minutes = told.partition(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _told(length: timedelta) -> str:
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60}:{minutes % 60:02}"
