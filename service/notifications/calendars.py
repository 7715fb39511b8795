"""When people may be told: at once, or when a calendar says that they work."""

from collections.abc import Callable
from datetime import datetime, timedelta

from service.sla.working_time import Calendar, Kind, working_segments

LOOKED_AHEAD = timedelta(days=31)

CalendarOf = Callable[[str], Calendar | None]


def not_before(calendar: Calendar | None, at: datetime) -> datetime | None:
    """None: at once. Also where the calendar is gone or shut for a month: told too early is not lost."""
    if calendar is None:
        return None
    for segment in working_segments(calendar, at, at + LOOKED_AHEAD):
        if segment.kind is Kind.WORKING:
            return segment.begin if segment.begin > at else None
    return None
