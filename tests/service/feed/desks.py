"""What the tests of the feed share: events that happen, and who reads them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.database import Database
from service.events import TICKET_UPDATED, EventLog, EventType, about_ticket
from service.feed.following import FedEvent
from service.feed.models import FeedEntry
from service.feed.services import Feed
from tests.service.persistence.rows import NOON


class Reader:
    """Writes down what it is told."""

    def __init__(self, name: str = "reader", types: frozenset[str] | None = None) -> None:
        self.name = name
        self.types = types
        self.told: list[FedEvent] = []

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        self.told += events

    def positions(self) -> list[int]:
        return [event.position for event in self.told]

    def tickets(self) -> list[str | None]:
        return [event.ticket_id for event in self.told]


def record(session: Session, ticket_id: str, *, kind: EventType = TICKET_UPDATED, **after: Any) -> None:
    EventLog().record(session, about_ticket(kind, ticket_id, actor="agent:a", at=NOON, after=after or None))


def happen(database: Database, *tickets: str) -> None:
    """An event of each, in one transaction."""
    with database.writing() as session:
        for ticket_id in tickets:
            record(session, ticket_id)


def fed(database: Database) -> Sequence[FedEvent]:
    """All that is numbered, in its order."""
    with database.reading() as session:
        return Feed().read(session, 0, 1_000_000)


def positions(database: Database) -> list[int]:
    with database.reading() as session:
        return list(session.scalars(select(FeedEntry.position).order_by(FeedEntry.position)))
