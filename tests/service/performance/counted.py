"""A database with all that counts events in it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select

from providers.testing.clock import FakeClock
from service.agents.directory import AgentDirectory
from service.agents.services import AgentService, TeamService
from service.database import Database
from service.days import quarter_of
from service.events import EventLog, StoredEvent
from service.feed.following import FedEvent
from service.feed.relay import Relay
from service.feed.services import Feed, Followers
from service.performance.models import KeptFigures, KeptHistory
from service.performance.parts import PerformanceParts

LATER = datetime(2030, 1, 1, tzinfo=UTC)
"""Than all that happens."""

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
        self.recorded(events)
        self.followers.catch_up()

    def recorded(self, events: Sequence[FedEvent]) -> None:
        """By a desk on which nobody numbers or follows."""
        with self.database.writing() as session:
            session.add_all(stored(event) for event in events)

    def at(self, now: datetime) -> None:
        self.clock.advance((now - self.clock.now()).total_seconds())

    def seal(self, before: date) -> bool:
        self.at(LATER)
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
