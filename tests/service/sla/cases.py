"""Calendars, pauses and moments, at random, mostly near those at which clocks are moved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from service.sla.working_time import Calendar, DatedHolidays, ExceptionalDay, Interval, Span
from tests.service.sla.oracle import EPOCH, MINUTES_A_DAY, Hours, Oracle, at

ZONES = {
    "Africa/Cairo": (2022, 2024),  # has summer time again
    "Africa/Casablanca": (2018, 2026),  # less in Ramadan
    "Africa/Juba": (2021, 2021),  # an hour back for good
    "America/Caracas": (2007, 2016),  # half an hour back, and forward again
    "America/Havana": (2024, 2025),  # at midnight
    "America/New_York": (2006, 2026),  # the rule of 2007
    "America/Nuuk": (2022, 2024),
    "America/Santiago": (2014, 2026),  # at midnight; no winter time in 2015
    "America/Sao_Paulo": (2017, 2019),  # at midnight, given up in 2019
    "America/St_Johns": (2009, 2012),  # a minute past midnight until 2011
    "Antarctica/Troll": (2023, 2025),  # two hours
    "Asia/Beirut": (2022, 2024),  # at midnight
    "Asia/Gaza": (2023, 2025),
    "Asia/Kathmandu": (2024, 2024),  # never
    "Asia/Pyongyang": (2015, 2018),  # half an hour
    "Asia/Tehran": (2020, 2022),  # given up in 2022
    "Australia/Adelaide": (2024, 2025),
    "Australia/Lord_Howe": (2024, 2026),  # half an hour
    "Europe/Dublin": (2025, 2026),  # winter time is the exception
    "Europe/Istanbul": (2014, 2017),  # late in 2015, for good in 2016
    "Europe/Moscow": (2010, 2014),  # summer time for good, then winter time
    "Europe/Vienna": (2023, 2026),
    "Pacific/Apia": (2010, 2013),  # without the 30th of December 2011
    "Pacific/Auckland": (2024, 2025),
}
LONGEST_DAYS = 5
BUSY = (
    (0, 1_440),
    (0, 60),
    (90, 180),
    (120, 180),
    (60, 120),
    (1_380, 1_440),
    (150, 1_440),
    (0, 150),
    (30, 91),
)
"""Hours about which clocks are moved, or with an edge there."""


@dataclass(frozen=True, kw_only=True)
class Case:
    zone: str
    weekly: dict[int, Hours]
    holidays: set[date]
    exceptions: dict[date, Hours]
    begin: int
    end: int
    pauses: Sequence[tuple[int, int]]
    target: int

    @property
    def calendar(self) -> Calendar:
        return Calendar(
            self.zone,
            {day: _intervals(hours) for day, hours in self.weekly.items()},
            DatedHolidays(dict.fromkeys(self.holidays, "Holiday")),
            {day: ExceptionalDay(_intervals(hours)) for day, hours in self.exceptions.items()},
        )

    @property
    def spans(self) -> list[Span]:
        return [Span(at(begin), at(end)) for begin, end in self.pauses]

    @property
    def oracle(self) -> Oracle:
        return Oracle(
            zone=self.zone,
            weekly=self.weekly,
            holidays=self.holidays,
            exceptions=self.exceptions,
            begin=self.begin,
            end=self.end,
            pauses=self.pauses,
        )


def drawn(chance: Random) -> Case:
    zone = chance.choice(list(ZONES))
    length = chance.randint(1, LONGEST_DAYS * MINUTES_A_DAY)
    begin = _some_moment(zone, chance) - chance.randint(0, length)
    days = [EPOCH + timedelta(days=begin // MINUTES_A_DAY + number) for number in range(-1, LONGEST_DAYS + 2)]
    some = [(begin + chance.randint(-300, length), chance.choice((1, 30, 90, 600, 2_000))) for _ in range(3)]
    return Case(
        zone=zone,
        weekly={day: _hours(chance) for day in range(7) if chance.random() < 0.85},
        holidays={day for day in days if chance.random() < 0.1},
        exceptions={day: _hours(chance) for day in days if chance.random() < 0.12},
        begin=begin,
        end=begin + length,
        pauses=[(first, first + minutes) for first, minutes in some[: chance.choice((0, 0, 1, 2, 3))]],
        target=chance.choice((1, 30, 60, chance.randint(1, 4_000))),
    )


def _hours(chance: Random) -> Hours:
    """Of a day: around the clock, an edge at night, or shifts; sometimes none."""
    kind = chance.random()
    if kind < 0.3:
        return [chance.choice(BUSY)]
    if kind < 0.4:
        return []
    edges = sorted(chance.sample(range(0, MINUTES_A_DAY + 1, 15), 2 * chance.randint(1, 3)))
    return list(zip(edges[::2], edges[1::2], strict=True))


def _some_moment(zone: str, chance: Random) -> int:
    changes = changes_of(zone)
    if changes and chance.random() < 0.9:
        return chance.choice(changes) + chance.randint(-90, 90)
    first, _ = ZONES[zone]
    return (datetime(first, 1, 1) - datetime(1970, 1, 1)).days * MINUTES_A_DAY + chance.randint(0, 20_000)


@cache
def changes_of(zone: str) -> list[int]:
    """The hours, as minutes since 1970, in which the zone's clocks are moved."""
    first, last = ZONES[zone]
    clock = ZoneInfo(zone)
    hours = range(
        int(datetime(first, 1, 1).timestamp()) // 3_600, int(datetime(last + 1, 1, 1).timestamp()) // 3_600
    )
    offsets = [datetime.fromtimestamp(hour * 3_600, clock).utcoffset() for hour in hours]
    pairs = zip(hours, offsets, offsets[1:], strict=False)
    return [hour * 60 for hour, before, after in pairs if before != after]


def _intervals(hours: Hours) -> tuple[Interval, ...]:
    return tuple(Interval(begin, end) for begin, end in hours)
