"""What is made anew from the events is the same, and what is sealed stays, whatever comes late."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from providers.testing.clock import FakeClock
from service.agents.directory import AgentDirectory
from service.agents.services import AgentService, TeamService
from service.database import Database
from service.days import quarter_of
from service.errors import Conflict
from service.events import EventLog, StoredEvent
from service.feed.following import FedEvent
from service.feed.relay import Relay
from service.feed.services import Feed, Followers
from service.performance.models import FigureProgress, KeptFigures, KeptHistory
from service.performance.parts import PerformanceParts
from tests.service.performance.histories import Desk

Row = tuple[object, ...]


class Figures:
    """Of a database, with all that counts them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = FakeClock()
        feed, events = Feed(), EventLog()
        relay = self.relay = Relay(database)
        directory = AgentDirectory(database, self.clock)
        self.followers = Followers(database, feed, relay, batch=37)
        self.parts = PerformanceParts.following(
            self.followers,
            database=database,
            feed=feed,
            relay=relay,
            agents=AgentService(database, events, directory, self.clock),
            teams=TeamService(database, events, directory, self.clock),
            clock=self.clock,
            seal_after_days=0,
        )

    def happen(self, events: Sequence[FedEvent]) -> None:
        with self.database.writing() as session:
            session.add_all(stored(event) for event in events)
        self.followers.catch_up()

    def seal(self, before: date) -> bool:
        now = datetime(2030, 1, 1, tzinfo=UTC)
        self.clock.advance((now - self.clock.now()).total_seconds())
        return self.parts.sealing.seal(before, by="test")

    def rows(self, before: date | None = None) -> list[Row]:
        """Those before a day, or all; and what the next events are told from."""
        with self.database.reading() as session:
            figures = select(KeptFigures).order_by(KeptFigures.scope, KeptFigures.span, KeptFigures.slot)
            if before is not None:
                figures = figures.where(KeptFigures.slot < quarter_of(at_midnight(before)))
            return [
                (one.scope, one.span, one.slot, one.counts, one.spread, one.levels)
                for one in session.scalars(figures)
            ]

    def histories(self) -> list[Row]:
        with self.database.reading() as session:
            kept = session.scalars(select(KeptHistory).order_by(KeptHistory.id))
            return [(one.id, one.history) for one in kept]


def at_midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def stored(event: FedEvent) -> StoredEvent:
    names = ("type", "version", "subject_type", "subject_id", "ticket_id", "actor", "at", "before", "after")
    return StoredEvent(id=event.id, **{name: getattr(event, name) for name in names})


@pytest.fixture
def figures(database: Database) -> Figures:
    return Figures(database)


@pytest.mark.parametrize("seed", range(2))
def test_a_rebuild_gives_exactly_the_same_with_seals_and_events_that_come_late(
    figures: Figures, seed: int, full: bool
) -> None:
    events = Desk(seed, days=5, late_h=40).events(2_000 if full else 240)
    parts = [events[start : start + len(events) // 6] for start in range(0, len(events), len(events) // 6)]
    sealed: dict[date, list[Row]] = {}
    for number, part in enumerate(parts):
        figures.happen(part)
        if seed and number in {2, 4}:
            day = max(event.at for event in part).date() - timedelta(days=number // 2 - 1)
            figures.seal(day)
            sealed[day] = figures.rows(day)
    before = figures.rows(), figures.histories()
    figures.parts.sealing.rebuild()
    assert (figures.rows(), figures.histories()) == before
    for day, rows in sealed.items():
        assert figures.rows(day) == rows
    assert figures.parts.sealing.status().freshness.lag == 0


def test_a_rebuild_begins_at_the_seal(figures: Figures) -> None:
    events = Desk(3, days=5).events(200)
    figures.happen(events)
    assert figures.parts.sealing.rebuild() == len(events)
    day = events[120].at.date()
    assert figures.seal(day)
    counted = figures.parts.sealing.rebuild()
    assert counted == len([event for event in events if event.at >= at_midnight(day)])
    assert 0 < counted < len(events)


def test_a_rebuild_mends_what_somebody_changed(figures: Figures) -> None:
    figures.happen(Desk(4).events(80))
    right = figures.rows(), figures.histories()
    with figures.database.writing() as session:
        for one in session.scalars(select(KeptFigures).limit(20)):
            one.counts = {"assigned": 1_000}
        for history in session.scalars(select(KeptHistory).limit(5)):
            session.delete(history)
    figures.parts.sealing.rebuild()
    assert (figures.rows(), figures.histories()) == right


def test_a_day_is_sealed_once_and_only_when_it_is_over_and_counted(figures: Figures) -> None:
    events = Desk(6, days=3).events(60)
    figures.happen(events)
    day = events[-1].at.date()
    assert figures.seal(day)
    assert not figures.seal(day)
    assert not figures.seal(day - timedelta(days=1))
    with pytest.raises(Conflict, match="over"):
        figures.seal(date(2030, 1, 2))
    with figures.database.writing() as session:
        late = stored(events[-1])
        late.id = 1_000_000
        session.add(late)
    figures.relay.number()  # and followed by nobody yet
    with pytest.raises(Conflict, match="is counted yet"):
        figures.seal(day + timedelta(days=2))
    status = figures.parts.sealing.status()
    assert (status.freshness.lag, status.freshness.as_of) == (1, events[-1].at)
    assert status.freshness.sealed_before == at_midnight(day)


def test_what_comes_late_counts_at_the_first_moment_after_the_seal(figures: Figures) -> None:
    events = Desk(7, days=2).events(60)
    figures.happen(events)
    day = events[-1].at.date() + timedelta(days=1)
    figures.seal(day)
    before = figures.rows()
    late = stored(events[-1])
    late.id, late.at = 1_000, events[-1].at + timedelta(seconds=1)
    late.type, late.subject_type, late.subject_id = "ticket.created", "ticket", "ticket_late"
    late.ticket_id, late.before = "ticket_late", None
    late.after = {"status": "open", "channel": "email", "assigned_to": None, "team_id": None}
    with figures.database.writing() as session:
        session.add(late)
    figures.followers.catch_up()
    assert figures.rows(day) == before
    new = {one[2] for one in figures.rows()} - {one[2] for one in before}
    assert new == {quarter_of(at_midnight(day))}
    after = figures.rows()
    figures.parts.sealing.rebuild()
    assert figures.rows() == after
    with figures.database.reading() as session:
        assert session.get_one(FigureProgress, 1).position > 60
