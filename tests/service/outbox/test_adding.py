"""What is added to the outbox is there once, with what it needs."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from providers.testing.fakes import FakeClock
from service.database import Database
from service.feed.following import FedEvent
from service.outbox.models import OutboxEntry, State
from service.outbox.services import Outbox


def fed(position: int = 1, **fields: Any) -> FedEvent:
    defaults = {
        "position": position,
        "id": position,
        "type": "ticket.created",
        "version": 1,
        "subject_type": "ticket",
        "subject_id": "ticket_1",
        "ticket_id": "ticket_1",
        "actor": "agent:a",
        "at": FakeClock().now(),
        "before": None,
        "after": None,
    }
    return FedEvent(**defaults | fields)


def rows(database: Database) -> list[OutboxEntry]:
    with database.reading() as session:
        return list(session.scalars(select(OutboxEntry).order_by(OutboxEntry.position)))


def test_an_event_is_there_once_for_each_target(database: Database, outbox: Outbox) -> None:
    for _ in range(2):
        with database.writing() as session:
            outbox.add(session, fed(1), "log", "desk")
            outbox.add(session, fed(1), "webhook", "hook_1", address={"url": "https://example.org"})
            outbox.add(session, fed(2), "log", "desk")
    there = rows(database)
    assert sorted((row.position, row.channel) for row in there) == [(1, "log"), (1, "webhook"), (2, "log")]
    assert {row.state for row in there} == {State.PENDING}
    assert {row.about for row in there} == {"ticket_1"}


def test_it_waits_for_its_hour(database: Database, outbox: Outbox, clock: FakeClock) -> None:
    morning = clock.now() + timedelta(hours=9)
    with database.writing() as session:
        outbox.add(session, fed(subject_id="agent_1", ticket_id=None), "log", "desk", morning)
    (row,) = rows(database)
    assert (row.next_attempt_at, row.not_before, row.about) == (morning, morning, "agent_1")
