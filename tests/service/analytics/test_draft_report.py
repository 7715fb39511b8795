from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.analytics.services import LONGEST_DAYS, Days, DraftFigures, DraftReport
from service.errors import InvalidField
from service.intelligence.draft_counters import CountedDrafts

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAYS = Days(date(2026, 1, 1), date(2026, 2, 1))
COUNT = st.integers(0, 1_000_000)
MOMENT = st.none() | st.datetimes(
    datetime(2000, 1, 1),
    datetime(2199, 12, 31),
    timezones=st.just(UTC),
)


@st.composite
def counted(draw: st.DrawFn) -> CountedDrafts:
    edited = draw(COUNT)
    return CountedDrafts(
        provider=draw(st.sampled_from(["quimbi", "stub", "fallback"])),
        tone=draw(st.sampled_from(["friendly", "concise", "other"])),
        generated=draw(COUNT),
        verbatim=draw(COUNT),
        edited=edited,
        set_aside=draw(COUNT),
        edited_share_sum=edited * draw(st.floats(0, 1)),
    )


def test_without_bounds_the_last_30_days_are_meant_with_today() -> None:
    assert Days.asked(None, None, NOW) == Days(date(2026, 1, 2), date(2026, 2, 1))


def test_a_day_that_is_touched_is_meant_whole() -> None:
    since, until = datetime(2026, 1, 5, 13, tzinfo=UTC), datetime(2026, 1, 6, 0, 0, 0, 1, tzinfo=UTC)
    days = Days.asked(since, until, NOW)
    assert days == Days(date(2026, 1, 5), date(2026, 1, 7))
    assert (days.begin, days.end) == (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 7, tzinfo=UTC))
    midnight = datetime(2026, 1, 6, tzinfo=UTC)
    assert Days.asked(since, midnight, NOW) == Days(date(2026, 1, 5), date(2026, 1, 6))


@given(MOMENT, MOMENT)
def test_days_are_few_and_in_order_or_refused(since: datetime | None, until: datetime | None) -> None:
    try:
        days = Days.asked(since, until, NOW)
    except InvalidField:
        return
    assert 0 < (days.until - days.since).days <= LONGEST_DAYS
    assert since is None or days.begin <= since < days.end
    assert until is None or days.begin < until <= days.end


@pytest.mark.parametrize("field", ["used_share", "mean_edited_share"])
def test_a_share_of_nothing_is_not_known(field: str) -> None:
    assert getattr(DraftFigures.of([]), field) is None


@given(st.lists(counted(), max_size=6, unique_by=lambda row: (row.provider, row.tone)))
def test_each_way_of_grouping_adds_up_to_the_total(rows: list[CountedDrafts]) -> None:
    report = DraftReport.of(DAYS, rows)
    for groups in (report.by_provider, report.by_tone, report.by_provider_and_tone):
        for name in ("generated", "verbatim", "edited", "set_aside"):
            assert sum(getattr(group, name) for group in groups) == getattr(report.total, name)
        for figures in (*groups, report.total):
            assert figures.unused >= 0
            assert 0 <= (figures.used_share or 0) <= 1
            assert 0 <= (figures.mean_edited_share or 0) <= 1
