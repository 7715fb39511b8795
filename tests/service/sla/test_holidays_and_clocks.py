"""Days on which nobody works, and nights in which clocks are moved."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from service.sla import public_holidays
from service.sla.public_holidays import PublicHolidays
from service.sla.working_time import Calendar, DatedHolidays, ExceptionalDay, Interval, Span, elapsed
from tests.service.sla.offices import DAY, HOUR, OFFICE, office, told, vienna

# ---------------------------------------------------------------- holidays and exceptions


def test_a_holiday_is_told_by_its_name_and_no_working_time():
    calendar = office(holidays=PublicHolidays("AT"))
    begin, end = vienna("2026-05-13 16:00"), vienna("2026-05-15 10:00")
    assert told(calendar, begin, end) == [
        ("working", HOUR, None),
        ("closed", 7 * HOUR, None),
        ("holiday", 24 * HOUR, "Ascension Day"),
        ("closed", 9 * HOUR, None),
        ("working", HOUR, None),
    ]


def test_a_part_of_a_country_has_holidays_of_its_own():
    epiphany = date(2026, 1, 6)
    assert PublicHolidays("DE").name_of(epiphany) is None
    assert PublicHolidays("DE", "BY").name_of(epiphany) == "Epiphany"


def test_holidays_by_date_stand_beside_those_of_the_country():
    both = PublicHolidays("AT", dated={date(2026, 5, 14): "Outing", date(2026, 5, 15): "Outing"})
    assert [both.name_of(date(2026, 5, day)) for day in (13, 14, 15, 25)] == [
        None,
        "Outing",
        "Outing",
        "Pentecost Monday",
    ]


def test_exceptions_win_over_holidays_and_tell_their_name():
    christmas = date(2026, 12, 25)
    calendar = office(
        holidays=DatedHolidays({christmas: "Christmas Day"}),
        exceptions={christmas: ExceptionalDay((Interval(600, 660),), "Emergency service")},
    )
    begin = vienna("2026-12-25 00:00")
    assert told(calendar, begin, begin + 11 * HOUR) == [
        ("closed", 10 * HOUR, "Emergency service"),
        ("working", HOUR, "Emergency service"),
    ]


def test_a_day_may_be_closed_by_exception():
    calendar = office(exceptions={date(2026, 2, 2): ExceptionalDay(name="Moving house")})
    begin = vienna("2026-02-02 00:00")
    assert told(calendar, begin, begin + DAY) == [("closed", DAY, "Moving house")]


def test_of_years_that_nobody_knows_there_are_no_holidays():
    assert PublicHolidays("AT").name_of(date(1969, 12, 25)) is None
    assert PublicHolidays("AT").name_of(date(2101, 12, 25)) is None
    assert PublicHolidays("LK").name_of(date(1971, 1, 14)) is None


def test_holidays_are_reckoned_once_a_year_and_no_more_are_kept_than_a_bound():
    kept = public_holidays._year
    PublicHolidays("NZ").name_of(date(2031, 2, 6))
    before = kept.cache_info()
    for day in range(1, 29):
        PublicHolidays("NZ").name_of(date(2031, 2, day))
    after = kept.cache_info()
    assert (after.misses, after.hits) == (before.misses, before.hits + 28)
    assert after.maxsize is not None


def test_every_country_can_be_asked():
    found = {
        country: PublicHolidays(country).name_of(date(2026, 1, 1)) for country in public_holidays.countries()
    }
    assert len(found) > 200
    assert found["AT"] == "New Year's Day"


# ---------------------------------------------------------------- daylight saving


def test_hours_in_the_gap_of_spring_are_none():
    night = Calendar("Europe/Vienna", {6: (Interval(120, 180),)})
    sunday = vienna("2026-03-29 00:00")
    assert elapsed(night, sunday, sunday + DAY) == timedelta(0)
    assert told(night, sunday, sunday.astimezone(UTC) + 3 * HOUR) == [
        ("closed", HOUR * 2, None),
        ("daylight_saving", timedelta(0), "clocks go forward from 02:00 to 03:00"),
        ("closed", HOUR, None),
    ]


def test_hours_that_hold_the_hour_of_autumn_are_longer_by_it():
    night = Calendar("Europe/Vienna", {6: (Interval(60, 240),)})
    sunday = vienna("2026-10-25 00:00")
    assert elapsed(night, sunday, sunday.astimezone(UTC) + 25 * HOUR) == 4 * HOUR
    assert [kind for kind, *_ in told(night, sunday, sunday.astimezone(UTC) + 6 * HOUR)] == [
        "closed",
        "working",
        "daylight_saving",
        "working",
        "closed",
    ]


def test_of_hours_that_end_within_the_hour_of_autumn_its_minutes_count_twice():
    night = Calendar("Europe/Vienna", {6: (Interval(0, 150),)})
    sunday = vienna("2026-10-25 00:00").astimezone(UTC)
    assert told(night, sunday, sunday + 4 * HOUR) == [
        ("working", 2.5 * HOUR, None),
        ("closed", 0.5 * HOUR, None),
        ("daylight_saving", timedelta(0), "clocks go back from 03:00 to 02:00"),
        ("working", 0.5 * HOUR, None),
        ("closed", 0.5 * HOUR, None),
    ]


def test_the_day_that_apia_left_out_has_no_hours():
    apia = Calendar("Pacific/Apia", {4: (Interval(0, 1_440),)})  # Fridays
    thursday = datetime(2011, 12, 29, tzinfo=ZoneInfo("Pacific/Apia"))
    assert told(apia, thursday, datetime(2012, 1, 1, tzinfo=ZoneInfo("Pacific/Apia"))) == [
        ("closed", DAY, None),
        (
            "daylight_saving",
            timedelta(0),
            "clocks go forward from 2011-12-30 00:00 to 2011-12-31 00:00",
        ),
        ("closed", DAY, None),
    ]


def test_half_an_hour_of_lord_howe_is_half_an_hour():
    island = Calendar("Australia/Lord_Howe", {6: (Interval(0, 240),)})
    for day, hours in ((date(2026, 4, 5), 4.5), (date(2026, 10, 4), 3.5)):
        sunday = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Australia/Lord_Howe"))
        assert elapsed(island, sunday, sunday.astimezone(UTC) + 8 * HOUR) == hours * HOUR


def test_a_jump_within_a_pause_is_told_too():
    saturday = vienna("2026-03-28 12:00")
    paused = [Span(saturday, name="pending")]
    assert told(OFFICE, saturday, saturday.astimezone(UTC) + DAY, paused) == [
        ("pause", 14 * HOUR, "pending"),
        ("daylight_saving", timedelta(0), "clocks go forward from 02:00 to 03:00"),
        ("pause", 10 * HOUR, "pending"),
    ]
