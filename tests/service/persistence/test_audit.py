"""Entries of the audit: kept as they are by the database itself, and few however many strangers knock."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from providers.testing.fakes import FakeClock
from service.auditing import MOST_DISTINCT, OTHERS, WINDOW, Audit
from service.database import Database
from service.events import ACCESS_DENIED, SIGNED_IN, TICKET_CREATED, Event, EventLog, Origin, StoredEvent
from tests.service.persistence.rows import NOON

HERE = Origin("request-1", "203.0.113.9")
ENTRY = Event(
    type=SIGNED_IN,
    subject_type="agent",
    subject_id="agent_1",
    actor="agent:agent_1",
    at=NOON,
    personal={"name": "Ada"},
)
DENIED = replace(ENTRY, type=ACCESS_DENIED, personal=None, after={"permission": "audit.read"}, origin=HERE)


def stored(database: Database) -> list[StoredEvent]:
    with database.reading() as session:
        return list(session.scalars(select(StoredEvent).order_by(StoredEvent.id)))


def told(database: Database) -> list[tuple[str, int]]:
    return [(event.actor, (event.after or {})["times"]) for event in stored(database)]


@pytest.fixture
def audit(database: Database, clock: FakeClock) -> Audit:
    return Audit(database, EventLog(), clock)


def test_an_audited_event_tells_whence_it_came_and_another_does_not(database: Database) -> None:
    log = EventLog(origin=lambda: HERE)
    with database.writing() as session:
        log.record_all(session, [ENTRY, replace(ENTRY, type=TICKET_CREATED)])
    entry, other = stored(database)
    assert (entry.audited, entry.request_id, entry.address) == (True, "request-1", "203.0.113.9")
    assert (other.audited, other.request_id, other.address) == (False, None, None)


@pytest.mark.parametrize(
    "change",
    [
        delete(StoredEvent),
        update(StoredEvent).values(actor="somebody else"),
        update(StoredEvent).values(after={"a": 1}),
        update(StoredEvent).values(audited=False),
        update(StoredEvent).values(personal={"name": "Eve"}),
    ],
    ids=["deleted", "another actor", "another story", "no audit entry any more", "another person"],
)
def test_the_database_refuses_to_change_an_entry(database: Database, change: object) -> None:
    with database.writing() as session:
        EventLog().record(session, ENTRY)
    with pytest.raises(DBAPIError, match="an audit entry is kept as it is"), database.writing() as session:
        session.execute(change)  # type: ignore[call-overload]  # any of the statements above
    assert len(stored(database)) == 1


def test_what_an_entry_says_of_a_person_can_be_emptied(database: Database) -> None:
    with database.writing() as session:
        EventLog().record(session, ENTRY)
        session.execute(update(StoredEvent).values(personal=None))
    assert [event.personal for event in stored(database)] == [None]


def test_other_events_can_be_deleted(database: Database) -> None:
    with database.writing() as session:
        EventLog().record(session, replace(ENTRY, type=TICKET_CREATED))
        session.execute(delete(StoredEvent))
    assert stored(database) == []


@pytest.mark.parametrize("engine_name", ["postgresql"])
def test_the_events_of_postgresql_are_never_truncated(database: Database) -> None:
    with pytest.raises(DBAPIError, match="an audit entry is kept as it is"), database.writing() as session:
        session.execute(text("TRUNCATE events"))


def test_the_same_of_a_minute_is_two_entries_however_often_it_came(
    audit: Audit, database: Database, clock: FakeClock
) -> None:
    denied = replace(DENIED, at=clock.now())
    for _ in range(3):
        audit.note(denied)
    assert stored(database) == []
    audit.write_noted()
    assert told(database) == [(DENIED.actor, 3)]

    for _ in range(1_000):
        audit.note(denied)
    audit.write_noted()
    assert told(database) == [(DENIED.actor, 3)]
    clock.advance(WINDOW.total_seconds())
    audit.write_noted()
    assert told(database) == [(DENIED.actor, 3), (DENIED.actor, 1_000)]
    assert {event.address for event in stored(database)} == {"203.0.113.9"}


def test_a_crowd_of_strangers_is_one_entry_past_the_first_hundred(
    audit: Audit, database: Database, clock: FakeClock
) -> None:
    for number in range(MOST_DISTINCT + 50):
        audit.note(replace(DENIED, at=clock.now(), origin=Origin("r", f"2001:db8::{number:x}")))
    audit.write_noted()
    entries = told(database)
    assert len(entries) == MOST_DISTINCT + 1
    assert entries[-1] == (OTHERS, 50)


def test_what_could_not_be_written_is_written_later(database: Database, clock: FakeClock) -> None:
    failures = [RuntimeError("full")]

    def fail_once(_session: Session, _event: Event) -> None:
        if failures:
            raise failures.pop()

    audit = Audit(database, EventLog({ACCESS_DENIED: [fail_once]}), clock)
    audit.note(replace(DENIED, at=clock.now()))
    with pytest.raises(RuntimeError, match="full"):
        audit.write_noted()
    audit.write_noted()
    assert told(database) == [(DENIED.actor, 1)]
