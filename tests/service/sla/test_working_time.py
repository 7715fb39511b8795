"""What counts as working time, when a promise falls due, and what is said where it never does."""

from datetime import UTC, date, datetime, timedelta

import pytest

from service.sla.working_time import (
    ALWAYS_OPEN,
    Calendar,
    Due,
    ExceptionalDay,
    Interval,
    NotDue,
    Span,
    due,
    due_at,
    elapsed,
)
from tests.service.sla.offices import DAY, HOUR, MINUTE, OFFICE, told, vienna

NEVER_OPEN = Calendar("Europe/Vienna", {})

# ---------------------------------------------------------------- hours


def test_outside_of_the_hours_nothing_elapses():
    friday, monday = vienna("2026-01-30 16:00"), vienna("2026-02-02 10:00")
    assert elapsed(OFFICE, friday, monday) == 2 * HOUR
    assert told(OFFICE, friday, monday) == [
        ("working", HOUR, None),
        ("closed", 64 * HOUR, None),
        ("working", HOUR, None),
    ]


def test_what_ends_before_it_begins_has_not_elapsed():
    assert elapsed(OFFICE, vienna("2026-02-02 11:00"), vienna("2026-02-02 10:00")) == timedelta(0)
    assert told(OFFICE, vienna("2026-02-02 11:00"), vienna("2026-02-02 10:00")) == []


def test_a_promise_is_due_at_the_end_of_the_hours_rather_than_at_the_next_ones():
    assert due_at(OFFICE, vienna("2026-02-02 11:00"), HOUR) == vienna("2026-02-02 12:00")
    assert due_at(OFFICE, vienna("2026-02-02 11:00"), HOUR + MINUTE) == vienna("2026-02-02 13:01")


def test_around_the_clock_time_is_time():
    begin = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert due_at(ALWAYS_OPEN, begin, 48 * HOUR) == begin + 48 * HOUR
    assert told(ALWAYS_OPEN, begin, begin + 9 * DAY) == [("working", 9 * DAY, None)]


def test_hours_up_to_midnight_go_on_in_those_from_midnight():
    night = Calendar(
        "Europe/Vienna",
        {4: (Interval(22 * 60, 24 * 60),), 5: (Interval(0, 6 * 60),)},
    )
    friday = vienna("2026-01-30 12:00")
    assert told(night, friday, friday + DAY)[1] == ("working", 8 * HOUR, None)


@pytest.mark.parametrize(("begin", "end"), [(1_320, 360), (540, 540), (-1, 60), (0, 1_441), (1_440, 1_441)])
def test_hours_that_cross_midnight_or_have_no_length_are_refused(begin, end):
    with pytest.raises(ValueError, match="split them at midnight"):
        Interval(begin, end)


def test_hours_of_a_day_must_not_overlap():
    overlapping = (Interval(540, 720), Interval(700, 800))
    with pytest.raises(ValueError, match="overlap"):
        Calendar("UTC", {0: overlapping})
    with pytest.raises(ValueError, match="overlap"):
        ExceptionalDay(overlapping)


def test_a_time_without_its_offset_is_refused():
    naive = datetime(2026, 1, 30, 12)  # that is what is refused
    with pytest.raises(ValueError, match="offset"):
        elapsed(OFFICE, naive, vienna("2026-02-02 10:00"))


# ---------------------------------------------------------------- pauses


def test_after_a_pause_time_goes_on_where_it_stopped():
    opened = vienna("2026-02-02 09:00")
    pending = Span(vienna("2026-02-02 10:00"), vienna("2026-02-03 15:00"), "pending")
    assert due_at(OFFICE, opened, 4 * HOUR) == vienna("2026-02-02 14:00")
    assert due_at(OFFICE, opened, 4 * HOUR, [pending]) == vienna("2026-02-04 10:00")


def test_a_promise_is_not_due_while_a_pause_goes_on_that_began_in_time():
    opened = vienna("2026-02-02 09:00")
    paused = [Span(vienna("2026-02-02 10:00"))]
    assert due(OFFICE, opened, 4 * HOUR, paused) == Due(None, NotDue.PAUSED)
    assert due(OFFICE, opened, 1 * HOUR, paused).at == vienna("2026-02-02 10:00")
    assert due(OFFICE, opened, HOUR, [Span(opened - DAY)]) == Due(None, NotDue.PAUSED)


def test_pauses_in_any_order_may_overlap_touch_and_be_empty():
    opened = vienna("2026-02-02 09:00")
    pauses = [
        Span(opened + 2 * HOUR, opened + 3 * HOUR, "late"),
        Span(opened + HOUR, opened + 2 * HOUR, "first"),
        Span(opened + HOUR, opened + 2 * HOUR, "again"),
        Span(opened + 1.5 * HOUR, opened + 2.5 * HOUR, "within"),
        Span(opened, opened, "empty"),
        Span(opened + HOUR, opened, "backwards"),
    ]
    assert told(ALWAYS_OPEN, opened, opened + 4 * HOUR, pauses) == [
        ("working", HOUR, None),
        ("pause", HOUR, "first"),
        ("pause", 0.5 * HOUR, "within"),
        ("pause", 0.5 * HOUR, "late"),
        ("working", HOUR, None),
    ]


# ---------------------------------------------------------------- never


@pytest.mark.parametrize(
    "calendar",
    [
        NEVER_OPEN,
        Calendar("Europe/Vienna", {}, exceptions={date(2025, 1, 1): ExceptionalDay((Interval(0, 1_440),))}),
        Calendar("Europe/Vienna", {0: ()}, exceptions={date(2027, 1, 1): ExceptionalDay((Interval(0, 59),))}),
    ],
)
def test_where_nobody_works_a_promise_is_never_due_and_says_so(calendar):
    assert due(calendar, vienna("2026-01-01 00:00"), HOUR) == Due(None, NotDue.NO_WORKING_TIME)


def test_hours_of_exceptions_alone_count():
    once = Calendar("Europe/Vienna", {}, exceptions={date(2027, 1, 1): ExceptionalDay((Interval(600, 720),))})
    assert due_at(once, vienna("2026-01-01 00:00"), HOUR) == vienna("2027-01-01 11:00")


def test_what_is_not_due_within_ten_years_is_not_looked_for_any_further():
    a_minute_a_week = Calendar("UTC", {0: (Interval(0, 1),)})
    opened = datetime(2026, 1, 1, tzinfo=UTC)
    assert due_at(a_minute_a_week, opened, 500 * MINUTE) is not None
    assert due(a_minute_a_week, opened, 600 * MINUTE) == Due(None, NotDue.NO_WORKING_TIME)


def test_a_pause_that_begins_after_the_last_hours_is_not_why_it_is_never_due():
    opened = vienna("2026-01-01 00:00")
    assert due(NEVER_OPEN, opened, HOUR, [Span(opened + DAY)]).reason is NotDue.NO_WORKING_TIME


def test_the_last_years_there_are_have_an_end():
    assert due_at(ALWAYS_OPEN, datetime(9_989, 1, 1, tzinfo=UTC), 400 * DAY) is None
