"""A desk from before the inbox is searched and ordered like any other."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from providers.testing.fakes import FakeClock
from service import migrating
from service.agents.services import AgentDirectory
from service.database import Database
from service.text_index import TextIndex, searched_terms
from service.tickets.models import Ticket
from service.tickets.scoring import Weights
from service.tickets.services import InboxPage, InboxService, NothingKnown, Ranking, Wanted
from service.timed_work import renew_ranks
from tests.service.persistence.rows import NOON

MANY = 1_234
"""More than two batches."""

WEIGHTS = Weights()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """As it was before, with rows; then upgraded."""
    migrating.upgrade(empty_database.engine, "0003")
    with empty_database.writing() as session:
        insert_customers, insert_tickets, insert_messages = (
            text(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(map(':{}'.format, columns))})"
            )
            for table, columns in COLUMNS.items()
        )
        at = NOON if empty_database.engine.dialect.name == "postgresql" else NOON.replace(tzinfo=None)
        session.execute(insert_customers, [customer(number, at) for number in range(MANY)])
        session.execute(insert_tickets, [ticket(number, at) for number in range(MANY)])
        session.execute(insert_messages, [row for number in range(MANY) for row in messages(number, at)])
        session.execute(
            text("INSERT INTO ticket_counters (status, shard, tickets) VALUES ('open', 0, :most)"),
            {"most": MANY},
        )
    migrating.upgrade(empty_database.engine)
    return empty_database


COLUMNS = {
    "customers": ("id", "ref", "name", "email", "external_ids", "preferences", "created_at", "updated_at"),
    "tickets": (
        *("id", "customer_id", "subject", "status", "priority", "channel", "custom_fields", "version"),
        *("conversation_version", "message_count", "waiting_since", "created_at", "updated_at"),
    ),
    "messages": (
        *("id", "ticket_id", "from_agent", "content", "send_to_customer", "created_at", "deleted_at"),
    ),
}


def customer(number, at):
    return {
        "id": f"c{number}",
        "ref": f"ref{number}",
        "name": f"Ada {number}",
        "email": f"ada{number}@example.org",
        "external_ids": "{}",
        "preferences": "{}",
        "created_at": at,
        "updated_at": at,
    }


def ticket(number, at):
    return {
        "id": f"t{number}",
        "customer_id": f"c{number}",
        "subject": f"Parcel 1e5abc {number}",
        "status": "open",
        "priority": "urgent" if number == 7 else "normal",
        "channel": "email",
        "custom_fields": "{}",
        "version": 1,
        "conversation_version": 0,
        "message_count": 2,
        "waiting_since": at - timedelta(hours=number) if number % 2 else None,
        "created_at": at,
        "updated_at": at,
    }


def messages(number, at):
    said = {"from_agent": False, "send_to_customer": False, "created_at": at, "ticket_id": f"t{number}"}
    yield said | {"id": f"m{number}", "content": f"This is a terrible scam {number}!", "deleted_at": None}
    yield said | {"id": f"gone{number}", "content": "I love the unicorn", "deleted_at": at}


def found(database, search):
    inbox = InboxService(
        database,
        TextIndex(database.engine.dialect.name),
        WEIGHTS,
        FakeClock(),
        AgentDirectory(database, FakeClock()),
    )
    wanted = Wanted(search=searched_terms(search))
    page = inbox.by_score(wanted, InboxPage.asked(page=None, limit=None, cursor=None))
    return [row.ticket.id for row in page.listing.rows]


def test_what_was_there_before_is_found(database: Database) -> None:
    assert found(database, "scam 1233") == found(database, "1e5abc 1233") == ["t1233"]
    assert found(database, "ada77@example.org") == ["t77"]
    assert found(database, "unicorn") == found(database, "abc") == []
    assert len(found(database, "terrible")) == 100


def test_what_was_there_before_takes_its_place_in_the_order(database: Database) -> None:
    ranking = Ranking(database, WEIGHTS, NothingKnown(), FakeClock())
    assert renew_ranks(ranking) == {"ranked": MANY}
    with database.reading() as session:
        tickets = session.scalars(select(Ticket)).all()
        assert session.scalar(select(func.max(Ticket.customer_sentiment))) < 0
    assert all(ticket.inbox_rank == WEIGHTS.rank(ticket) for ticket in tickets)
    assert sum(ticket.waiting for ticket in tickets) == MANY // 2
    assert found(database, "parcel")[:2] == ["t1233", "t1231"]
