"""What a change writes, sent together; on SQLite and PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from service.database import Database, normalise_url
from service.events import MESSAGE_ADDED, TICKET_CREATED, EventLog, StoredEvent, about_ticket
from service.intelligence.models import CustomerSnapshot
from service.intelligence.snapshots import mark_outdated
from service.text_index import IndexedText, SearchText, TextIndex, TextKind
from service.tickets import queries
from service.tickets.filters import TicketFilter
from service.tickets.inserts import insert_messages, insert_ticket
from service.tickets.models import NOBODYS, Message, Ticket, TicketStatus, TicketTag
from tests.service.persistence.rows import NOON, customer, snapshot, team

STRANGE = 'Zoë\'s "parcel"\n\\ {a} %s :x €😀'


def counted(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {status: queries.count(session, TicketFilter(status=status))[0] for status in TicketStatus}


def with_customer(database: Database) -> str:
    with database.writing() as session:
        session.add_all([customer(id="cust_1"), team(id="team_1")])
    return "cust_1"


def plain(customer_id: str, **columns: Any) -> Ticket:
    """With nothing where there may be none."""
    defaults = {
        "id": "ticket_2",
        "customer_id": customer_id,
        "subject": "",
        "status": TicketStatus.OPEN,
        "priority": "low",
        "queued": False,
        "channel": "sms",
        "custom_fields": {},
        "version": 1,
        "conversation_version": 0,
        "message_count": 0,
        "service_level_score": 0.0,
        "waiting": False,
        "inbox_rank": 0.0,
        "owned_by": NOBODYS,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Ticket(**defaults | columns)


def message(about: Ticket, **columns: Any) -> Message:
    defaults = {"ticket_id": about.id, "from_agent": False, "send_to_customer": False, "created_at": NOON}
    return Message(**defaults | {"id": "message_1", "content": STRANGE} | columns)


def whole(customer_id: str) -> Ticket:
    """With something in every column."""
    return Ticket(
        id="ticket_1",
        external_id=STRANGE,
        customer_id=customer_id,
        subject=STRANGE,
        status=TicketStatus.PENDING,
        priority="urgent",
        channel="chat",
        assigned_to="agent_1",
        queued=False,
        team_id="team_1",
        owned_by="team_1",
        custom_fields={"size": 4, "note": STRANGE, "price": 1.25, "gone": None, "yes": True},
        tag_rows={TicketTag(tag=STRANGE), TicketTag(tag="a")},
        version=3,
        conversation_version=2,
        message_count=1,
        last_message_preview="…",
        last_message_at=NOON,
        last_message_from_agent=True,
        waiting_since=NOON + timedelta(microseconds=1),
        customer_sentiment=-0.1234567890123456,
        churn_risk=0.1 + 0.2,
        lifetime_value=Decimal("12345678901234.5678"),
        service_level_score=1e-7,
        waiting=True,
        inbox_rank=-1234.0 + 2**-24,
        first_response_at=NOON,
        resolved_at=NOON,
        closed_at=NOON,
        deleted_at=NOON,
        created_at=NOON,
        updated_at=NOON,
    )


def test_each_value_comes_back_as_it_went_in(database: Database) -> None:
    customer_id = with_customer(database)
    made = whole(customer_id)
    columns = [column.name for column in Ticket.__table__.columns]
    went_in = {name: getattr(made, name) for name in columns}
    with database.writing() as session:
        for each in (made, plain(customer_id)):
            insert_ticket(session, each)
            insert_messages(session, [message(each, id=f"{each.id}:{at}") for at in range(3)])
    with database.reading() as session:
        came_back = session.get_one(Ticket, "ticket_1")
        assert {name: getattr(came_back, name) for name in columns} == went_in
        assert came_back.tags == {STRANGE, "a"}
        nothing = session.get_one(Ticket, "ticket_2")
        assert (nothing.external_id, nothing.lifetime_value, nothing.waiting_since) == (None, None, None)
        written = session.scalars(
            select(Message).where(Message.ticket_id == "ticket_1").order_by(Message.sequence)
        )
        assert [(row.id, row.content) for row in written] == [(f"ticket_1:{at}", STRANGE) for at in range(3)]
        none = select(func.count()).select_from(Message).where(Message.attachments.is_(None))
        assert session.scalar(none) == 6, "null of the database, not of JSON"


def test_what_waits_is_there_for_whatever_is_asked_next(database: Database) -> None:
    customer_id = with_customer(database)
    with database.writing() as session:
        insert_ticket(session, whole(customer_id))
        assert session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_sums_wait_for_the_end_and_are_locked_in_one_order(
    postgres_url: str, open_database: Callable[[str], Database]
) -> None:
    database = open_database(normalise_url(postgres_url))
    with database.writing() as session:
        for status in TicketStatus:
            queries.recount(session, status, 1, shard=0)
    with ThreadPoolExecutor(1) as pool, database.writing() as session:
        queries.recount(session, TicketStatus.RESOLVED, 1, shard=0)
        queries.recount(session, TicketStatus.OPEN, 1, shard=0)
        session.execute(text("SELECT 1 FROM ticket_counters FOR UPDATE NOWAIT"))

        def other_way_round() -> None:
            with database.writing() as others:
                queries.recount(others, TicketStatus.OPEN, 1, shard=0)
                queries.recount(others, TicketStatus.RESOLVED, 1, shard=0)

        other = pool.submit(other_way_round)
        while not somebody_waits(database):
            assert not other.done()
    assert counted(database) == {"open": 3, "pending": 1, "resolved": 3, "closed": 1}


def test_a_row_that_is_changed_twice_has_both_changes(database: Database) -> None:
    with database.writing() as session:
        for change in (1, 1, 1, -1):
            queries.recount(session, TicketStatus.OPEN, change, shard=3)
        queries.recount(session, TicketStatus.CLOSED, 7, shard=3)
    assert counted(database) == {"open": 2, "pending": 0, "resolved": 0, "closed": 7}


def test_an_error_undoes_what_waits(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        queries.recount(session, TicketStatus.OPEN, 1, shard=0)
        raise ZeroDivisionError
    with pytest.raises(IntegrityError), database.writing() as session:
        queries.recount(session, TicketStatus.OPEN, 1, shard=0)
        insert_ticket(session, plain("nobody"))
    assert counted(database)["open"] == 0


def test_a_part_that_fails_undoes_no_more_than_what_waits_of_its_own(database: Database) -> None:
    with database.together():
        with database.writing() as session:
            queries.recount(session, TicketStatus.OPEN, 1, shard=0)
        with pytest.raises(ZeroDivisionError), database.writing() as session:
            queries.recount(session, TicketStatus.OPEN, 10, shard=0)
            raise ZeroDivisionError
        with database.writing() as session:
            queries.recount(session, TicketStatus.OPEN, 100, shard=0)
    assert counted(database)["open"] == 101


def create(database: Database, customer_id: str) -> None:
    """As the desk does."""
    made = plain(customer_id, id="ticket_1")
    events = [about_ticket(kind, made.id, actor="a", at=NOON) for kind in (TICKET_CREATED, MESSAGE_ADDED)]
    with database.writing() as session:
        insert_ticket(session, made)
        insert_messages(session, [message(made)])
        EventLog().record_all(session, events)
        mark_outdated(session, customer_id, NOON)
        texts = [IndexedText(TextKind.SUBJECT, made.id, "word " * 400, ticket_id=made.id)]
        TextIndex(database.engine.dialect.name).add(session, texts)
        queries.recount(session, TicketStatus.OPEN, 1, shard=0)


def test_a_new_ticket_is_one_statement_on_postgresql(
    postgres_url: str, open_database: Callable[[str], Database]
) -> None:
    database, statements = open_database(normalise_url(postgres_url)), []
    customer_id = with_customer(database)
    event.listen(database.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    create(database, customer_id)
    assert len(statements) == 1
    with database.reading() as session:
        kinds = session.scalars(select(StoredEvent.type).order_by(StoredEvent.id)).all()
        assert kinds == ["ticket.created", "message.added"], "in the order in which they are told"
        pieces = select(func.count()).select_from(SearchText).where(SearchText.ticket_id == "ticket_1")
        assert (session.scalar(pieces) or 0) > 1


def somebody_waits(database: Database) -> bool:
    """For a lock of another transaction."""
    with database.reading() as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_rows_are_locked_in_the_order_in_which_they_are_written(
    postgres_url: str, open_database: Callable[[str], Database]
) -> None:
    """Snapshots before counters, as everywhere: else two changes may wait for each other."""
    database = open_database(normalise_url(postgres_url))
    customer_id = with_customer(database)
    with database.writing() as session:
        session.add(snapshot(customer(id=customer_id)))
        queries.recount(session, TicketStatus.OPEN, 1, shard=0)
    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            session.execute(select(CustomerSnapshot.customer_id).with_for_update())
            creating = pool.submit(create, database, customer_id)
            while not somebody_waits(database):
                assert not creating.done()
            session.execute(text("SELECT 1 FROM ticket_counters FOR UPDATE NOWAIT"))
        creating.result()
    assert counted(database)["open"] == 2
