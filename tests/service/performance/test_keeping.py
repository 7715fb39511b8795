"""What is kept is what happened: in whatever batches, with events that come late, in any time zone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from service.database import Database
from service.days import Days
from service.feed.following import FedEvent
from service.performance import reading, scopes, uniting
from service.performance.durations import ALL_BINS
from service.performance.following import PerformanceFollower, counted
from service.performance.models import NOTHING_FOLLOWED, FigureProgress, KeptFigures, KeptHistory
from service.performance.tallies import Tally
from tests.service.performance.histories import AGENTS, CHANNELS, TEAMS, Desk, as_one_team

ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Chatham")]
EVERY_SCOPE = [
    scopes.DESK,
    *map(scopes.of_agent, AGENTS),
    *map(scopes.of_team, TEAMS),
    *map(scopes.of_channel, CHANNELS),
]


def follow(database: Database, events: Sequence[FedEvent], batch: int) -> None:
    follower = PerformanceFollower()
    for start in range(0, len(events), batch):
        with database.writing() as session:
            follower.follow(session, events[start : start + batch])


def by_quarter(events: Iterable[FedEvent]) -> dict[str, dict[int, Tally]]:
    """Plainly, in memory: nothing is kept as a sum from anywhere on."""
    return counted(events, {}, {}, FigureProgress(**NOTHING_FOLLOWED))


def plainly(quarters: dict[int, Tally], since: int, until: int) -> tuple[Counter[str], list[int]]:
    counts: Counter[str] = Counter()
    bins = [0] * ALL_BINS
    for quarter, tally in quarters.items():
        if since <= quarter < until:
            counts.update(tally.counts)
            for number, count in tally.spread.items():
                bins[number] += count
    return counts, bins


def levels_at(quarters: dict[int, Tally], edge: int) -> dict[str, int]:
    levels = Tally()
    for quarter, tally in quarters.items():
        if quarter < edge:
            levels.add_levels(tally)
    return levels.levels


def nonzero(those: dict[str, int] | Counter[str]) -> dict[str, int]:
    return {name: value for name, value in those.items() if value}


@pytest.mark.parametrize("seed", range(3))
def test_any_days_of_any_zone_are_what_happened_on_them(database: Database, seed: int) -> None:
    events = Desk(seed, days=6, late_h=30 if seed else 0).events(400)
    follow(database, events, batch=(7, 50, 400)[seed])
    truth = by_quarter(events)
    for zone in ZONES:
        days = Days(date(2026, 3, 25), date(2026, 4, 8), zone)
        with database.reading() as session:
            whole = reading.in_all(session, EVERY_SCOPE, days.edges[0], days.edges[-1])
            for scope, in_all in zip(EVERY_SCOPE, whole, strict=True):
                found = reading.day_by_day(session, scope, days.edges)
                quarters = truth.get(scope, {})
                for happened, since, until in zip(found, days.edges, days.edges[1:], strict=False):
                    counts, bins = plainly(quarters, since, until)
                    assert nonzero(happened.counts) == nonzero(counts)
                    assert happened.bins.tolist() == bins
                    assert happened.levels_before == levels_at(quarters, since)
                    assert happened.levels == levels_at(quarters, until)
                together = reading.together(found)
                assert nonzero(in_all.counts) == nonzero(together.counts)
                assert in_all.bins.tolist() == together.bins.tolist()
                assert (in_all.levels_before, in_all.levels) == (together.levels_before, together.levels)


def test_teams_together_are_as_if_they_were_one(database: Database, full: bool) -> None:
    events = Desk(1, days=6, late_h=30).events(2_000 if full else 300)
    follow(database, events, batch=100)
    days = Days(date(2026, 3, 26), date(2026, 4, 6), ZONES[1])
    for several in (TEAMS, *combinations(TEAMS, 2)):
        truth = by_quarter(as_one_team(events, several, "one")).get(scopes.of_team("one"), {})
        with database.reading() as session:
            times = uniting.of_teams(session, several, days.edges[0], days.edges[-1])
            each = [reading.day_by_day(session, scope, days.edges) for scope in times]
        assert several is not TEAMS or len(times) > len(TEAMS)
        for at_once, since, until in zip(zip(*each, strict=True), days.edges, days.edges[1:], strict=False):
            happened = reading.side_by_side(at_once, list(times.values()))
            counts, bins = plainly(truth, since, until)
            del counts["transferred"]  # from one of them to another is none within one team
            assert {**nonzero(happened.counts), "transferred": 0} == {**nonzero(counts), "transferred": 0}
            assert happened.bins.tolist() == bins
            assert nonzero(happened.levels_before) == levels_at(truth, since)
            assert nonzero(happened.levels) == levels_at(truth, until)


def test_years_add_up(database: Database) -> None:
    events = Desk(11, days=900, late_h=100).events(300)
    follow(database, events, batch=40)
    truth = by_quarter(events)
    for since, until in ((date(2026, 2, 3), date(2029, 5, 6)), (date(2027, 1, 1), date(2028, 1, 1))):
        edges = Days(since, until, ZONES[1]).edges
        with database.reading() as session:
            whole = reading.in_all(session, EVERY_SCOPE, edges[0], edges[-1])
        for scope, happened in zip(EVERY_SCOPE, whole, strict=True):
            counts, bins = plainly(truth.get(scope, {}), edges[0], edges[-1])
            assert (nonzero(happened.counts), happened.bins.tolist()) == (nonzero(counts), bins)


def kept_rows(database: Database) -> tuple[list[object], list[object]]:
    with database.reading() as session:
        figures = session.scalars(
            select(KeptFigures).order_by(KeptFigures.scope, KeptFigures.span, KeptFigures.slot)
        )
        histories = session.scalars(select(KeptHistory).order_by(KeptHistory.id))
        return (
            [(one.scope, one.span, one.slot, one.counts, one.spread, one.levels) for one in figures],
            [(one.id, one.kind, one.history) for one in histories],
        )


def test_batches_and_repetition_change_nothing(database: Database) -> None:
    events = Desk(5, late_h=20).events(120)
    follow(database, events, batch=2)
    one_by_one = kept_rows(database)
    follow(database, events, batch=100)
    assert kept_rows(database) == one_by_one
    with database.writing() as session:
        for table in (KeptFigures, KeptHistory, FigureProgress):
            session.query(table).delete()
    follow(database, events, batch=120)
    assert kept_rows(database) == one_by_one
