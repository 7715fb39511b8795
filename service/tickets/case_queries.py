"""Statements over the tickets of many customers, for what is counted of their contacts."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select
from sqlalchemy.orm import Session

from service.among import Among
from service.events import TICKET_UPDATED, StoredEvent
from service.tickets.models import Message, Ticket

MOST_OF_A_CUSTOMER = 1_000
ASKED_AT_ONCE = 1_000
LONG = 3

_newest_first = (Ticket.created_at.desc(), Ticket.id.desc())
_TICKETS = (
    select(
        Ticket.id,
        Ticket.customer_id,
        Ticket.channel,
        Ticket.created_at,
        func.coalesce(Ticket.resolved_at, Ticket.closed_at).label("settled_at"),
        func.row_number().over(partition_by=Ticket.customer_id, order_by=_newest_first).label("place"),
    )
    .where(
        Among(Ticket.customer_id, "those"),
        Ticket.deleted_at.is_(None),
        Ticket.created_at < bindparam("until"),
    )
    .subquery()
)
_CASES = select(_TICKETS).where(_TICKETS.c.place <= MOST_OF_A_CUSTOMER)
_LONG = (
    select(Message.ticket_id)
    .where(
        Among(Message.ticket_id, "those"),
        Message.from_agent.is_(False),
        Message.deleted_at.is_(None),
        Message.created_at < bindparam("until"),
    )
    .group_by(Message.ticket_id)
    .having(func.count() > LONG)
)
_MOVES = select(StoredEvent.ticket_id, StoredEvent.before, StoredEvent.after).where(
    Among(StoredEvent.ticket_id, "those"),  # type: ignore[arg-type]  # one without a ticket is among none
    StoredEvent.type == TICKET_UPDATED.name,
    StoredEvent.at < bindparam("until"),
)


def cases(session: Session, customer_ids: Collection[str], until: datetime) -> list[Row[Any]]:
    """The newest thousand of each that began before a time and are not deleted."""
    return _all(session, _CASES, customer_ids, until)


def long_ones(session: Session, ticket_ids: Collection[str], until: datetime) -> set[str]:
    """Those in which the customer wrote more than three messages before a time."""
    return {row.ticket_id for row in _all(session, _LONG, ticket_ids, until)}


def moves(session: Session, ticket_ids: Collection[str], until: datetime) -> list[Row[Any]]:
    """What changed of each: `before` and `after`."""
    return _all(session, _MOVES, ticket_ids, until)


def channels(session: Session) -> dict[str, int]:
    """How many tickets of all customers came on each."""
    statement = select(Ticket.channel, func.count()).where(Ticket.deleted_at.is_(None))
    return {channel.value: count for channel, count in session.execute(statement.group_by(Ticket.channel))}


def _all(session: Session, statement: Any, those: Collection[str], until: datetime) -> list[Row[Any]]:
    connection = session.connection()
    return [
        row
        for some in _portions(sorted(those))
        for row in connection.execute(statement, {"those": some, "until": until})
    ]


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))
