from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.database import Database
from service.events import EventLog
from service.feed.relay import Relay
from service.feed.services import Feed
from service.outbox.backoff import Backoff
from service.outbox.channels import Channel, Delivery
from service.outbox.dispatching import Dispatcher
from service.outbox.leasing import Leasing
from service.outbox.models import OutboxEntry
from service.outbox.services import Outbox
from tests.service.feed.desks import fed, happen


class Always:
    """A chance that is no chance."""

    def __init__(self, value: float = 0.5) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


@dataclass
class Receiver:
    """A channel in a test's hands. `refusals`: what it raises at its next deliveries, by ticket."""

    name: str = "log"
    arrived: list[Delivery] = field(default_factory=list)
    refusals: dict[str | None, list[Exception]] = field(default_factory=dict)
    meanwhile: Callable[[Delivery], object] = lambda _: None

    def deliver(self, delivery: Delivery) -> None:
        self.meanwhile(delivery)
        refusals = self.refusals.get(delivery.event.ticket_id)
        if refusals:
            raise refusals.pop(0)
        self.arrived.append(delivery)

    def told(self) -> list[tuple[str | None, int]]:
        return [(delivery.event.ticket_id, delivery.event.position) for delivery in self.arrived]


BACKOFF = Backoff(first=timedelta(seconds=10), longest=timedelta(minutes=10), give_up_after=timedelta(days=1))


@dataclass
class Office:
    """The outbox of a desk, and those who deliver."""

    database: Database
    clock: FakeClock
    outbox: Outbox

    def leasing(self) -> Leasing:
        """As of another process."""
        return Leasing(self.database, Feed(), self.clock, Always(), BACKOFF)

    def dispatcher(self, *channels: Channel, **options: Any) -> Dispatcher:
        return Dispatcher(channels, self.leasing(), self.clock, **options)

    def send(self, *tickets: str, channel: str = "log", target: str = "desk", **options: Any) -> None:
        """An event of each, numbered and added to the outbox."""
        before = len(fed(self.database))
        happen(self.database, *tickets)
        Relay(self.database).number()
        events = fed(self.database)[before:]
        with self.database.writing() as session:
            for event in events:
                self.outbox.add(session, event, channel, target, **options)

    def rows(self) -> Sequence[OutboxEntry]:
        with self.database.reading() as session:
            return session.scalars(select(OutboxEntry).order_by(OutboxEntry.position)).all()

    def states(self) -> list[str]:
        return [row.state.value for row in self.rows()]


@pytest.fixture
def outbox(database: Database, clock: FakeClock) -> Outbox:
    return Outbox(database, Feed(), EventLog(), clock)


@pytest.fixture
def office(database: Database, clock: FakeClock, outbox: Outbox) -> Office:
    return Office(database, clock, outbox)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()
