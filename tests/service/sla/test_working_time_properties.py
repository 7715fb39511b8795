"""What holds for working time in any calendar, whatever the pauses."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from service.sla.public_holidays import PublicHolidays
from service.sla.working_time import (
    Calendar,
    Interval,
    Kind,
    NotDue,
    Span,
    due,
    due_at,
    elapsed,
    working_segments,
)
from tests.service.sla.cases import ZONES
from tests.service.sla.offices import DAY, HOUR

moments = st.datetimes(datetime(2006, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
lengths = st.timedeltas(timedelta(0), timedelta(days=40))
edges = st.lists(st.integers(0, 1_440), min_size=0, max_size=6, unique=True).map(sorted)
hours = edges.map(lambda each: tuple(map(Interval, each[: len(each) // 2 * 2 : 2], each[1::2])))


@st.composite
def calendars(draw):
    return Calendar(
        draw(st.sampled_from(sorted(ZONES))),
        draw(st.dictionaries(st.integers(0, 6), hours)),
        PublicHolidays(draw(st.sampled_from([None, "AT", "US", "CN", "IN"]))),
    )


@st.composite
def histories(draw):
    """A calendar, a beginning, and pauses that begin later, in any order."""
    begin = draw(moments)
    some = draw(st.lists(st.tuples(lengths, lengths), max_size=4))
    return draw(calendars()), begin, [Span(begin + after, begin + after + long) for after, long in some]


@given(histories(), lengths, lengths)
def test_time_that_is_cut_in_two_elapses_as_much(history, first, second):
    calendar, begin, pauses = history
    middle, end = begin + first, begin + first + second
    in_two = elapsed(calendar, begin, middle, pauses) + elapsed(calendar, middle, end, pauses)
    assert elapsed(calendar, begin, end, pauses) == in_two


@given(histories(), st.timedeltas(timedelta(0), timedelta(days=10)))
def test_a_promise_is_due_when_so_much_has_elapsed_and_not_before(history, target):
    calendar, begin, pauses = history
    found = due(calendar, begin, target, pauses)
    if found.at is None:
        assert found.reason is NotDue.NO_WORKING_TIME
        assert elapsed(calendar, begin, begin + 365 * DAY, pauses) < target
        return
    assert elapsed(calendar, begin, found.at, pauses) == target
    if target:
        before = found.at - timedelta(microseconds=1)
        assert elapsed(calendar, begin, before, pauses) == target - timedelta(microseconds=1)
    else:
        assert found.at == begin


@given(histories(), lengths)
def test_segments_follow_each_other_and_sum_to_the_whole(history, length):
    calendar, begin, pauses = history
    segments = list(working_segments(calendar, begin, begin + length, pauses))
    ends = [begin, *(segment.end for segment in segments)]
    assert [segment.begin for segment in segments] == ends[:-1]
    assert ends[-1] == begin + length
    working = sum((one.length for one in segments if one.kind is Kind.WORKING), timedelta(0))
    assert working == elapsed(calendar, begin, begin + length, pauses)
    assert all((one.length > timedelta(0)) == (one.kind is not Kind.DAYLIGHT_SAVING) for one in segments)
    assert not any((one.kind, one.name) == (two.kind, two.name) for one, two in pairwise(segments))


@given(histories(), st.timedeltas(timedelta(0), timedelta(days=3)), lengths)
def test_a_pause_never_makes_a_promise_due_earlier(history, target, length):
    calendar, begin, pauses = history
    with_one_more = [*pauses, Span(begin + HOUR, begin + HOUR + length)]
    earlier, later = due_at(calendar, begin, target, pauses), due_at(calendar, begin, target, with_one_more)
    assert later is None or (earlier is not None and earlier <= later)
