"""Statements over tickets, their messages and the kept counters."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Select, bindparam, func, literal, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from service.events import TICKET_CREATED, StoredEvent
from service.http.pagination import Page
from service.tickets.filters import TicketFilter
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Message, Note, Ticket, TicketCounter, TicketField, TicketStatus
from service.tickets.sights import count_seen
from service.writes import Write, recorded, write

COUNTED_EXACTLY = 1_000
ASKED_AT_ONCE = 1_000
"""Values in one statement; SQLite takes 32,766 at most."""
FIRST_EVENTS = 50
"""Of a ticket: that it was made is among them, also where the clocks of processes differ a little."""

_LAST_MESSAGES = (
    select(Message)
    .where(Message.ticket_id == bindparam("ticket_id"), Message.deleted_at.is_(None))
    .order_by(Message.created_at.desc(), Message.sequence.desc())
    .limit(bindparam("most"))
)
_KEPT = select(func.coalesce(func.sum(TicketCounter.tickets), 0))
_KEPT_OF_STATUS = _KEPT.where(TicketCounter.status == bindparam("status"))
Row = TypeVar("Row")


def customer_of(session: Session, ticket_id: str) -> str | None:
    """Asks nobody for a ticket that the session has at hand."""
    at_hand = session.identity_map.get(session.identity_key(Ticket, ticket_id))
    if at_hand is not None:
        customer_id: str = at_hand.customer_id
        return customer_id
    return session.scalar(select(Ticket.customer_id).where(Ticket.id == ticket_id))


def held_customer_of(session: Session, ticket_id: str) -> str | None:
    """Whose it stays until the transaction ends."""
    whose = select(Ticket.customer_id).where(Ticket.id == ticket_id)
    return session.scalar(whose.with_for_update(read=True, key_share=True))


def living(session: Session, ticket_id: str, *, for_change: bool = False) -> Ticket | None:
    """The ticket unless it is deleted; `for_change` holds it until the transaction ends."""
    statement = select(Ticket).where(Ticket.id == ticket_id, Ticket.deleted_at.is_(None))
    return session.scalar(statement.with_for_update() if for_change else statement)


def ids_by_external_id(session: Session, external_ids: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """The id of each that is there, and whether it is deleted."""
    there = select(Ticket.external_id, Ticket.id, Ticket.deleted_at.is_not(None))
    return {
        str(external_id): (ticket_id, deleted)
        for some in _portions(external_ids)
        for external_id, ticket_id, deleted in session.execute(there.where(Ticket.external_id.in_(some)))
    }


def tickets_of_messages(session: Session, external_ids: Sequence[str]) -> dict[str, str]:
    """By external id of the message, the deleted ones included."""
    there = select(Message.external_id, Message.ticket_id)
    return {
        str(external_id): ticket_id
        for some in _portions(external_ids)
        for external_id, ticket_id in session.execute(there.where(Message.external_id.in_(some)))
    }


def messages_by_external_id(session: Session, external_ids: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The ticket's id of each that is there, and its own; the deleted ones included."""
    there = select(Message.external_id, Message.ticket_id, Message.id)
    rows = session.execute(there.where(Message.external_id.in_(external_ids)))
    return {str(external_id): (ticket_id, message_id) for external_id, ticket_id, message_id in rows}


def is_made_by(session: Session, ticket_id: str, actor: str) -> bool:
    first = select(StoredEvent.type, StoredEvent.actor).where(StoredEvent.ticket_id == ticket_id)
    rows = session.execute(first.order_by(StoredEvent.at, StoredEvent.id).limit(FIRST_EVENTS))
    return (TICKET_CREATED.name, actor) in rows.tuples().all()


def dead_or_alive(session: Session, ticket_id: str) -> Ticket | None:
    """Held until the transaction ends."""
    return session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update())


def count(session: Session, wanted: TicketFilter) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    if wanted.by_status_alone:
        kept = _KEPT_OF_STATUS if wanted.status else _KEPT
        return session.connection().scalar(kept, {"status": wanted.status}) or 0, False
    if wanted.owners_apart is not None:
        everything = wanted.all_seen.apply(select(Ticket.id))
        return bounded(count_seen(session, wanted.owners_apart, everything, COUNTED_EXACTLY + 1))
    return _count_some(session, wanted.apply(select(Ticket)))


def _count_some(session: Session, wanted: Select[Any]) -> tuple[int, bool]:
    some = wanted.with_only_columns(literal(1)).limit(COUNTED_EXACTLY + 1).subquery()
    return bounded(session.scalar(select(func.count()).select_from(some)) or 0)


def bounded(found: int) -> tuple[int, bool]:
    """At most as many as are counted exactly, and whether there are more."""
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY


_RECOUNT = Write(
    TicketCounter.__tablename__,
    of_json=recorded(TicketCounter.__table__, ("status", "shard", "tickets"), known_as="kept")
    + " ON CONFLICT (status, shard) DO UPDATE SET tickets = kept.tickets + excluded.tickets",
    one_by_one=text(
        "INSERT INTO ticket_counters (status, shard, tickets) VALUES (:status, :shard, :tickets)"
        " ON CONFLICT (status, shard) DO UPDATE SET tickets = tickets + excluded.tickets"
    ),
    by=("status", "shard"),
    sums="tickets",
)


def recount(session: Session, status: TicketStatus, change: int, *, shard: int) -> None:
    write(session, _RECOUNT, [{"status": str(status), "shard": shard, "tickets": change}])


def last_messages(session: Session, ticket_id: str, limit: int) -> Sequence[Message]:
    """The newest `limit` that are not deleted, oldest first."""
    return list(reversed(session.scalars(_LAST_MESSAGES, {"ticket_id": ticket_id, "most": limit}).all()))


def last_of_customer(session: Session, ticket_id: str) -> str | None:
    """What the customer's newest message that is not deleted says."""
    statement = (
        select(Message.content)
        .where(Message.ticket_id == ticket_id, Message.deleted_at.is_(None), Message.from_agent.is_(False))
        .order_by(Message.created_at.desc(), Message.sequence.desc())
        .limit(1)
    )
    return session.scalar(statement)


def scored_otherwise(
    customer_id: str, churn_risk: float | None, lifetime_value: Decimal | None
) -> Select[tuple[Ticket]]:
    """Tickets that are not settled and were scored with other facts of their customer."""
    return select(Ticket).where(
        Ticket.customer_id == customer_id,
        Ticket.status.in_(UNSETTLED),
        Ticket.deleted_at.is_(None),
        or_(
            Ticket.churn_risk.is_distinct_from(churn_risk),
            Ticket.lifetime_value.is_distinct_from(lifetime_value),
        ),
    )


def held(session: Session, those: Select[tuple[Ticket]], limit: int) -> Sequence[Ticket]:
    """Until the transaction ends. By id: two who hold many in other orders may wait for each other."""
    return session.scalars(those.order_by(Ticket.id).limit(limit).with_for_update()).all()


def behind(ticket_id: str) -> Select[tuple[Ticket]]:
    return select(Ticket).where(Ticket.deleted_at.is_(None), Ticket.id > ticket_id)


def recent_of_customer(session: Session, customer_id: str, limit: int) -> Sequence[Ticket]:
    """Newest first."""
    statement = (
        select(Ticket)
        .where(Ticket.customer_id == customer_id, Ticket.deleted_at.is_(None))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    return session.scalars(statement).all()


def living_message(session: Session, message_id: str) -> Message | None:
    statement = select(Message).where(Message.id == message_id, Message.deleted_at.is_(None))
    return session.scalar(statement)


def messages_page(session: Session, ticket_id: str, page: Page, *, newest_first: bool) -> Sequence[Message]:
    """One row more than the page has, where there is a next one."""
    statement = select(Message).where(Message.ticket_id == ticket_id, Message.deleted_at.is_(None))
    place = (Message.created_at, Message.sequence)
    return session.scalars(_one_page(statement, page, place, newest_first=newest_first)).all()


def waiting_since(session: Session, ticket_id: str) -> datetime | None:
    """When the oldest customer message was written that no agent has answered."""
    place = tuple_(Message.created_at, Message.sequence)
    living = select(Message).where(Message.ticket_id == ticket_id, Message.deleted_at.is_(None))
    answered = session.scalar(
        living.where(Message.from_agent.is_(True))
        .order_by(Message.created_at.desc(), Message.sequence.desc())
        .limit(1)
    )
    if answered is not None:
        last = tuple_(literal(answered.created_at, Message.created_at.type), literal(answered.sequence))
        living = living.where(place > last)
    oldest = session.scalar(
        living.where(Message.from_agent.is_(False)).order_by(Message.created_at, Message.sequence).limit(1)
    )
    return oldest.created_at if oldest is not None else None


def delete_all_but_first(session: Session, ticket_id: str, at: datetime) -> int:
    """Softly; how many."""
    living = (Message.ticket_id == ticket_id, Message.deleted_at.is_(None))
    first = select(Message.sequence).where(*living).order_by(Message.created_at, Message.sequence).limit(1)
    deleted = session.execute(
        update(Message).where(*living, Message.sequence != first.scalar_subquery()).values(deleted_at=at),
        execution_options={"synchronize_session": False},
    )
    return cast("CursorResult[None]", deleted).rowcount


def notes_page(session: Session, ticket_id: str, page: Page) -> Sequence[Note]:
    """Oldest first."""
    statement = select(Note).where(Note.ticket_id == ticket_id)
    place = (Note.created_at, Note.sequence)
    return session.scalars(_one_page(statement, page, place, newest_first=False)).all()


def count_notes(session: Session, ticket_id: str) -> tuple[int, bool]:
    return _count_some(session, select(Note).where(Note.ticket_id == ticket_id))


def events_page(session: Session, ticket_id: str, page: Page, *, newest_first: bool) -> Sequence[StoredEvent]:
    statement = select(StoredEvent).where(StoredEvent.ticket_id == ticket_id)
    place = (StoredEvent.at, StoredEvent.id)
    return session.scalars(_one_page(statement, page, place, newest_first=newest_first)).all()


def count_events(session: Session, ticket_id: str) -> tuple[int, bool]:
    return _count_some(session, select(StoredEvent).where(StoredEvent.ticket_id == ticket_id))


def ticket_fields(session: Session) -> Sequence[TicketField]:
    """The archived ones included."""
    return session.scalars(select(TicketField).order_by(TicketField.key)).all()


def count_fields(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(TicketField)) or 0


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))


def _one_page(
    statement: Select[tuple[Row]], page: Page, place: tuple[Any, Any], *, newest_first: bool
) -> Select[tuple[Row]]:
    """Rows that are numbered, by time."""
    if page.cursor:
        last = tuple_(literal(page.cursor.at, place[0].type), literal(page.cursor.number))
        beyond = tuple_(*place) < last if newest_first else tuple_(*place) > last
        statement = statement.where(beyond)
    order = (column.desc() if newest_first else column.asc() for column in place)
    return statement.order_by(*order).limit(page.limit + 1).offset(page.offset)
