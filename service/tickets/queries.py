"""Statements over tickets, their messages and the kept counters."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.http.pagination import Page
from service.tickets.models import Message, Ticket, TicketCounter, TicketStatus, TicketTag

COUNTED_EXACTLY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    status: str | None = None
    priority: str | None = None
    channel: str | None = None
    assigned_to: str | None = None
    customer_id: str | None = None
    tag: str | None = None

    @property
    def by_status_alone(self) -> bool:
        return not any((self.priority, self.channel, self.assigned_to, self.customer_id, self.tag))

    def apply(self, statement: Select[tuple[Ticket]]) -> Select[tuple[Ticket]]:
        statement = statement.where(Ticket.deleted_at.is_(None))
        for column, wanted in (
            (Ticket.status, self.status),
            (Ticket.priority, self.priority),
            (Ticket.channel, self.channel),
            (Ticket.assigned_to, self.assigned_to),
            (Ticket.customer_id, self.customer_id),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if self.tag is not None:
            tagged = select(literal(1)).where(TicketTag.ticket_id == Ticket.id, TicketTag.tag == self.tag)
            statement = statement.where(tagged.exists())
        return statement


def customer_of(session: Session, ticket_id: str) -> str | None:
    return session.scalar(select(Ticket.customer_id).where(Ticket.id == ticket_id))


def living(session: Session, ticket_id: str, *, for_change: bool = False) -> Ticket | None:
    """The ticket unless it is deleted; `for_change` holds it until the transaction ends."""
    statement = select(Ticket).where(Ticket.id == ticket_id, Ticket.deleted_at.is_(None))
    return session.scalar(statement.with_for_update() if for_change else statement)


def page_of(session: Session, wanted: TicketFilter, page: Page, *, newest_first: bool) -> Sequence[Ticket]:
    """By time of creation; one row more than the page has, where there is a next one."""
    place = tuple_(Ticket.created_at, Ticket.id)
    statement = wanted.apply(select(Ticket))
    if page.cursor:
        last = tuple_(literal(page.cursor.at, Ticket.created_at.type), literal(page.cursor.id))
        statement = statement.where(place < last if newest_first else place > last)
    order = (Ticket.created_at, Ticket.id)
    statement = statement.order_by(*(column.desc() if newest_first else column.asc() for column in order))
    return session.scalars(statement.limit(page.limit + 1).offset(page.offset)).all()


def count(session: Session, wanted: TicketFilter) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    if wanted.by_status_alone:
        kept = select(func.coalesce(func.sum(TicketCounter.tickets), 0))
        if wanted.status:
            kept = kept.where(TicketCounter.status == wanted.status)
        return session.scalar(kept) or 0, False
    some = wanted.apply(select(Ticket)).with_only_columns(literal(1)).limit(COUNTED_EXACTLY + 1).subquery()
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY


def recount(session: Session, status: TicketStatus, change: int, *, shard: int) -> None:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(TicketCounter).values(status=status, shard=shard, tickets=change)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["status", "shard"], set_={"tickets": TicketCounter.tickets + change}
        )
    )


def last_messages(session: Session, ticket_id: str, limit: int) -> Sequence[Message]:
    """The newest `limit` that are not deleted, oldest first."""
    statement = (
        select(Message)
        .where(Message.ticket_id == ticket_id, Message.deleted_at.is_(None))
        .order_by(Message.created_at.desc(), Message.sequence.desc())
        .limit(limit)
    )
    return list(reversed(session.scalars(statement).all()))


def recent_of_customer(session: Session, customer_id: str, limit: int) -> Sequence[Ticket]:
    """Newest first."""
    statement = (
        select(Ticket)
        .where(Ticket.customer_id == customer_id, Ticket.deleted_at.is_(None))
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    return session.scalars(statement).all()
