"""Time in which somebody works: pure functions on aware times, linear in the calendar days between them.

A moment is working time where a clock on the wall in the calendar's zone shows one of that day's hours.
What counts is the time that really passes: hours that the clock leaves out in spring are none, those it
shows twice in autumn count twice.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from typing import Protocol

from service.sla.zones import DAY, Stretch, stretches

MINUTES_A_DAY = 24 * 60
NOTHING = timedelta(0)
HORIZON = timedelta(days=3_653)
"""How far ahead a due time is looked for: ten years. What is not due by then is said to be never due."""
LAST = datetime(9_990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Minutes after local midnight, from `begin` to before `end`; 1440 is the midnight that ends the day."""

    begin: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.begin < self.end <= MINUTES_A_DAY:
            raise ValueError("hours begin before they end, within one day; split them at midnight")


@dataclass(frozen=True, slots=True)
class ExceptionalDay:
    """Other hours than the weekday's, none where it is closed."""

    hours: tuple[Interval, ...] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        _check_hours(self.hours)


class Holidays(Protocol):
    def name_of(self, day: date) -> str | None:
        """None on an ordinary day."""


@dataclass(frozen=True, slots=True)
class DatedHolidays:
    names: Mapping[date, str] = field(default_factory=dict)

    def name_of(self, day: date) -> str | None:
        return self.names.get(day)


class Kind(StrEnum):
    WORKING = "working"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    PAUSE = "pause"
    DAYLIGHT_SAVING = "daylight_saving"


@dataclass(frozen=True, slots=True)
class Segment:
    """In UTC. A daylight-saving jump is a moment: it begins and ends at once."""

    begin: datetime
    end: datetime
    kind: Kind
    name: str | None = None

    @property
    def length(self) -> timedelta:
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Span:
    """`end`: None where it goes on. `name` is told of a pause, such as `pending`."""

    begin: datetime
    end: datetime | None = None
    name: str | None = None


class NotDue(StrEnum):
    PAUSED = "paused"
    """A pause goes on: when time runs again is not known."""
    NO_WORKING_TIME = "no_working_time"
    """The calendar has too few hours ahead, within ten years."""


@dataclass(frozen=True, slots=True)
class Due:
    """Either `at`, in UTC, or the reason why there is none."""

    at: datetime | None
    reason: NotDue | None = None


@dataclass(frozen=True, slots=True)
class _Part:
    """Of a local day, in time after its midnight."""

    begin: timedelta
    end: timedelta
    kind: Kind
    name: str | None = None


@dataclass(frozen=True)
class Calendar:
    """`weekly`: hours by weekday, 0 is Monday; closed where one is missing. Exceptions win over holidays."""

    time_zone: str
    weekly: Mapping[int, tuple[Interval, ...]]
    holidays: Holidays = DatedHolidays()
    exceptions: Mapping[date, ExceptionalDay] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for hours in self.weekly.values():
            _check_hours(hours)

    def parts(self, day: date) -> Sequence[_Part]:
        """They fill the day."""
        if (exception := self.exceptions.get(day)) is not None:
            return _day_parts(exception.hours, exception.name)
        if name := self.holidays.name_of(day):
            return [_Part(NOTHING, DAY, Kind.HOLIDAY, name)]
        return self._weekdays[day.weekday()]

    @cached_property
    def _weekdays(self) -> Sequence[Sequence[_Part]]:
        return [_day_parts(self.weekly.get(weekday, ())) for weekday in range(7)]

    def open_until(self) -> datetime:
        """Nobody works later than this, as far as the calendar tells."""
        if any(self.weekly.values()):
            return LAST
        working = [day for day, exception in self.exceptions.items() if exception.hours]
        last = max(working, default=date.min)
        return datetime.combine(min(last, LAST.date()), time(), tzinfo=UTC) + 3 * DAY


def working_segments(
    calendar: Calendar, begin: datetime, end: datetime, pauses: Iterable[Span] = ()
) -> Iterator[Segment]:
    """What the time from `begin` to `end` is made of, without gaps, neighbours of a kind told as one."""
    last: Segment | None = None
    for segment in _pieces(calendar, _utc(begin), _utc(end), pauses):
        if last and last.kind == segment.kind and last.name == segment.name and last.end == segment.begin:
            last = Segment(last.begin, segment.end, last.kind, last.name)
            continue
        if last:
            yield last
        last = segment
    if last:
        yield last


def elapsed(calendar: Calendar, begin: datetime, end: datetime, pauses: Iterable[Span] = ()) -> timedelta:
    """Working time from `begin` to `end` without the pauses; nothing where `end` is not later."""
    pieces = _pieces(calendar, _utc(begin), _utc(end), pauses)
    return sum((piece.length for piece in pieces if piece.kind is Kind.WORKING), NOTHING)


def due(calendar: Calendar, begin: datetime, target: timedelta, pauses: Iterable[Span] = ()) -> Due:
    """The first moment by which `target` has elapsed since `begin`."""
    begin, spans = _utc(begin), _in_order(pauses)
    if target <= NOTHING:
        return Due(begin)
    until, reason = max(min(begin + HORIZON, LAST, calendar.open_until()), begin), NotDue.NO_WORKING_TIME
    if spans and spans[-1].end is None and spans[-1].begin <= until:
        until, reason = max(spans[-1].begin, begin), NotDue.PAUSED
    left = target
    for piece in _pieces(calendar, begin, until, spans):
        if piece.kind is Kind.WORKING:
            if left <= piece.length:
                return Due(piece.begin + left)
            left -= piece.length
    return Due(None, reason)


def due_at(
    calendar: Calendar, begin: datetime, target: timedelta, pauses: Iterable[Span] = ()
) -> datetime | None:
    """As `due`, without the reason why there is none."""
    return due(calendar, begin, target, pauses).at


def _pieces(calendar: Calendar, begin: datetime, end: datetime, pauses: Iterable[Span]) -> Iterator[Segment]:
    at = begin
    for pause in _in_order(pauses):
        since, until = max(pause.begin, at), min(pause.end or end, end)
        if since < until:
            yield from _hours(calendar, at, since)
            for stretch in stretches(calendar.time_zone, since, until):
                yield from _jump(stretch)
                yield Segment(stretch.begin, stretch.end, Kind.PAUSE, pause.name)
            at = until
    yield from _hours(calendar, at, end)


def _hours(calendar: Calendar, begin: datetime, end: datetime) -> Iterator[Segment]:
    """Of working and other time, piece by piece, as the calendar has it."""
    for stretch in stretches(calendar.time_zone, begin, end):
        yield from _jump(stretch)
        local_end = stretch.end + stretch.offset
        midnight = (stretch.begin + stretch.offset).replace(hour=0, minute=0, second=0, microsecond=0)
        while midnight < local_end:
            for part in calendar.parts(midnight.date()):
                opens = max(midnight + part.begin - stretch.offset, stretch.begin)
                closes = min(midnight + part.end - stretch.offset, stretch.end)
                if opens < closes:
                    yield Segment(opens, closes, part.kind, part.name)
            midnight += DAY


def _jump(stretch: Stretch) -> Iterator[Segment]:
    if stretch.change:
        yield Segment(stretch.begin, stretch.begin, Kind.DAYLIGHT_SAVING, stretch.change.words)


def _day_parts(hours: Sequence[Interval], name: str | None = None) -> Sequence[_Part]:
    parts, at = [], 0
    for interval in sorted(hours):
        if at < interval.begin:
            parts.append(_part(at, interval.begin, Kind.CLOSED, name))
        parts.append(_part(interval.begin, interval.end, Kind.WORKING, name))
        at = interval.end
    if at < MINUTES_A_DAY:
        parts.append(_part(at, MINUTES_A_DAY, Kind.CLOSED, name))
    return parts


def _part(begin: int, end: int, kind: Kind, name: str | None) -> _Part:
    return _Part(timedelta(minutes=begin), timedelta(minutes=end), kind, name)


def _check_hours(hours: Sequence[Interval]) -> None:
    ordered = sorted(hours)
    if any(earlier.end > later.begin for earlier, later in pairwise(ordered)):
        raise ValueError("hours of one day do not overlap")


def _in_order(pauses: Iterable[Span]) -> list[Span]:
    """In UTC, one after the other: of two that overlap, the later one begins where the earlier one ends."""
    ordered: list[Span] = []
    told = (Span(_utc(pause.begin), pause.end and _utc(pause.end), pause.name) for pause in pauses)
    for pause in sorted(told, key=lambda pause: pause.begin):
        last = ordered[-1].end if ordered else pause.begin
        if last is None:
            break
        begin = max(last, pause.begin)
        if pause.end is None or begin < pause.end:
            ordered.append(Span(begin, pause.end, pause.name))
    return ordered


def _utc(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without its offset says nothing")
    return at.astimezone(UTC)


ALWAYS_OPEN = Calendar("UTC", {weekday: (Interval(0, MINUTES_A_DAY),) for weekday in range(7)})
