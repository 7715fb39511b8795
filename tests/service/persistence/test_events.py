from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service import events
from service.database import Database
from service.events import TICKET_CREATED, TICKET_UPDATED, Event, EventLog, EventType, StoredEvent, differing
from tests.service.persistence.rows import NOON

CREATED = Event(
    type=TICKET_CREATED,
    subject_type="ticket",
    subject_id="ticket_1",
    ticket_id="ticket_1",
    actor="bench",
    at=NOON,
    after={"status": "open", "tags": ["late"]},
    personal={"author_name": "Ada"},
)


def stored(database: Database) -> list[StoredEvent]:
    with database.reading() as session:
        return list(session.scalars(select(StoredEvent).order_by(StoredEvent.id)))


def test_an_event_is_written_as_it_was_recorded(database: Database) -> None:
    with database.writing() as session:
        EventLog().record(session, CREATED)
    (row,) = stored(database)
    assert (row.type, row.version, row.actor, row.at) == ("ticket.created", 1, "bench", NOON)
    assert (row.subject_type, row.subject_id, row.ticket_id) == ("ticket", "ticket_1", "ticket_1")
    assert (row.before, row.after, row.personal) == (None, CREATED.after, CREATED.personal)


def test_events_of_one_transaction_keep_their_order(database: Database) -> None:
    names = [TICKET_CREATED, TICKET_UPDATED] * 10
    with database.writing() as session:
        for kind in names:
            EventLog().record(session, Event(type=kind, subject_type="t", subject_id="1", actor="a", at=NOON))
    assert [row.type for row in stored(database)] == [kind.name for kind in names]


def test_handlers_of_the_type_run_in_order_in_the_same_transaction(database: Database) -> None:
    heard: list[str] = []

    def first(session: Session, event: Event) -> None:
        heard.append(f"first {event.subject_id} {len(session.scalars(select(StoredEvent)).all())}")

    def second(_: Session, event: Event) -> None:
        heard.append(f"second {event.subject_id}")

    log = EventLog({TICKET_CREATED: [first, second]})
    with database.writing() as session:
        log.record(session, CREATED)
        assert heard == ["first ticket_1 1", "second ticket_1"]
        log.record(session, Event(type=TICKET_UPDATED, subject_type="t", subject_id="1", actor="a", at=NOON))
    assert len(heard) == 2


def test_a_handler_that_fails_undoes_the_change(database: Database) -> None:
    def fail(_: Session, event: Event) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), database.writing() as session:
        EventLog({TICKET_CREATED: [fail]}).record(session, CREATED)
    assert stored(database) == []


def test_many_events_at_once_are_written_in_order_and_heard_together(database: Database) -> None:
    heard: list[tuple[int, int]] = []

    def together(session: Session, events: Sequence[Event]) -> None:
        heard.append((len(events), len(session.scalars(select(StoredEvent)).all())))

    log = EventLog()
    log.subscribe_to_batches(TICKET_UPDATED, together)
    many = [
        replace(CREATED, type=kind, after=after)
        for kind in (TICKET_UPDATED, TICKET_CREATED) * 3
        for after in ({"status": "open"}, None)
    ]
    with database.writing() as session:
        log.record_all(session, many)
        log.record(session, many[0])
        log.record_all(session, [])
    assert heard == [(6, 12), (1, 13)]
    rows = stored(database)
    assert [(row.type, row.after) for row in rows] == [
        (event.type.name, event.after) for event in [*many, many[0]]
    ]
    assert [row.id for row in rows] == sorted(row.id for row in rows)


def test_only_what_differs_is_told() -> None:
    assert differing({"a": 1, "b": None}, {"a": 2, "b": None}) == {"before": {"a": 1}, "after": {"a": 2}}
    assert differing({"a": 1}, {"a": 1}) == {}


def test_no_two_types_share_a_name_and_each_has_a_version() -> None:
    types = [value for value in vars(events).values() if isinstance(value, EventType)]
    assert len({kind.name for kind in types}) == len(types) > 10
    assert all(kind.version >= 1 and len(kind.name) <= 64 for kind in types)
