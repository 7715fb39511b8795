"""An office in Vienna with a lunch break, and what is told of its time."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from service.sla.working_time import Calendar, Interval, Span, working_segments

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
VIENNA = ZoneInfo("Europe/Vienna")
SHIFTS = (Interval(9 * 60, 12 * 60), Interval(13 * 60, 17 * 60))


def office(**fields: Any) -> Calendar:
    return Calendar("Europe/Vienna", dict.fromkeys(range(5), SHIFTS), **fields)


OFFICE = office()


def vienna(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=VIENNA)


def told(
    calendar: Calendar, begin: datetime, end: datetime, pauses: Iterable[Span] = ()
) -> list[tuple[str, timedelta, str | None]]:
    """Kind, length and name of each segment."""
    segments = working_segments(calendar, begin, end, pauses)
    return [(segment.kind.value, segment.length, segment.name) for segment in segments]
