"""Days of whatever time zone begin and end with whole quarters of an hour."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from service.days import (
    DEFAULT_DAYS,
    LONGEST_DAYS,
    QUARTERS_A_DAY,
    Days,
    begin_of,
    day_of,
    first_quarter,
    quarter_of,
    year_of,
)
from service.errors import InvalidField

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
"""In Berlin it is the 29th already, of 23 hours."""

TODAY = date(2026, 3, 29)


@pytest.mark.parametrize(
    ("day", "begin", "end"),
    [
        (("Europe/Berlin", date(2026, 3, 29)), "2026-03-28T23:00", "2026-03-29T22:00"),
        (("Europe/Berlin", date(2026, 10, 25)), "2026-10-24T22:00", "2026-10-25T23:00"),
        (("Pacific/Chatham", date(2026, 6, 1)), "2026-05-31T11:15", "2026-06-01T11:15"),
        (("Asia/Kathmandu", date(2026, 6, 1)), "2026-05-31T18:15", "2026-06-01T18:15"),
        (("America/Santiago", date(2026, 9, 6)), "2026-09-06T04:00", "2026-09-07T03:00"),
    ],
)
def test_a_day_is_from_midnight_to_midnight_on_the_clocks_of_its_zone(
    day: tuple[str, date], begin: str, end: str
) -> None:
    zone, since = day
    edges = Days(since, since + timedelta(days=1), ZoneInfo(zone)).edges
    assert [f"{begin_of(edge):%Y-%m-%dT%H:%M}" for edge in edges] == [begin, end]


def test_days_follow_each_other_without_gaps() -> None:
    days = Days(date(2026, 1, 1), date(2027, 1, 1), BERLIN)
    assert len(days.dates) == 365
    assert days.edges == [first_quarter(day, BERLIN) for day in (*days.dates, days.until)]
    assert days.edges[-1] - days.edges[0] == 365 * QUARTERS_A_DAY


def test_unless_told_otherwise_they_are_the_last_ones_with_today() -> None:
    assert Days.asked(None, None, BERLIN, NOW) == Days(
        TODAY - timedelta(days=DEFAULT_DAYS - 1), TODAY + timedelta(days=1), BERLIN
    )
    assert Days.asked(TODAY, None, BERLIN, NOW) == Days.today(BERLIN, NOW)
    assert Days.asked(None, TODAY, BERLIN, NOW).dates[-1] == TODAY - timedelta(days=1)


def test_none_are_asked_for_where_both_ends_are_the_same() -> None:
    days = Days.asked(TODAY, TODAY, BERLIN, NOW)
    assert (days.dates, len(days.edges)) == ([], 1)


@pytest.mark.parametrize("before", [-1, LONGEST_DAYS + 1])
def test_ends_the_wrong_way_round_and_too_many_days_are_refused(before: int) -> None:
    with pytest.raises(InvalidField):
        Days.asked(TODAY - timedelta(days=before), TODAY, BERLIN, NOW)
    assert len(Days.asked(TODAY - timedelta(days=LONGEST_DAYS), TODAY, BERLIN, NOW).dates) == LONGEST_DAYS


def test_a_quarter_tells_its_day_and_year_in_utc() -> None:
    quarter = quarter_of(NOW + timedelta(minutes=14, seconds=59))
    assert begin_of(quarter) == NOW
    assert begin_of(day_of(quarter)) == datetime(2026, 3, 28, tzinfo=UTC)
    assert begin_of(year_of(quarter)) == datetime(2026, 1, 1, tzinfo=UTC)
