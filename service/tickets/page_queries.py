"""Statements of the page of one ticket and of a page of many, which are read most.

They are built once, since making a statement takes as long as executing it, and tell rows of the columns
that are shown: objects that nobody changes would take as long again.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, bindparam, exists, select
from sqlalchemy.orm import Session

from service.among import Among
from service.customers.models import Customer, Order
from service.tickets.models import Message, Note, Ticket, TicketTag

_SHOWN = (
    Ticket.id,
    Ticket.version,
    Ticket.customer_id,
    Ticket.external_id,
    Ticket.subject,
    Ticket.status,
    Ticket.priority,
    Ticket.channel,
    Ticket.assigned_to,
    Ticket.team_id,
    Ticket.queued,
    Ticket.custom_fields,
    Ticket.message_count,
    Ticket.last_message_preview,
    Ticket.last_message_at,
    Ticket.last_message_from_agent,
    Ticket.first_response_at,
    Ticket.resolved_at,
    Ticket.closed_at,
    Ticket.created_at,
    Ticket.updated_at,
)
_TICKET = (
    select(
        *_SHOWN,
        TicketTag.tag,
        Customer.name.label("customer_name"),
        Customer.external_ids.label("customer_external_ids"),
        Customer.erased_at.label("customer_erased_at"),
        exists().where(Note.ticket_id == Ticket.id).label("has_notes"),
        exists().where(Order.customer_id == Ticket.customer_id).label("customer_has_orders"),
    )
    .join(Customer, Customer.id == Ticket.customer_id)
    .outerjoin(TicketTag, TicketTag.ticket_id == Ticket.id)
    .where(Ticket.id == bindparam("id"), Ticket.deleted_at.is_(None))
)
_LISTED = (
    select(
        *_SHOWN,
        Ticket.waiting,
        Ticket.inbox_rank,
        Customer.name.label("customer_name"),
        Customer.external_ids.label("customer_external_ids"),
    )
    .join(Customer, Customer.id == Ticket.customer_id)
    .where(Among(Ticket.id, "ids"), Ticket.deleted_at.is_(None))
)
_TAGS = select(TicketTag.ticket_id, TicketTag.tag).where(Among(TicketTag.ticket_id, "ids"))
_LAST_MESSAGES = (
    select(
        Message.id,
        Message.ticket_id,
        Message.from_agent,
        Message.content,
        Message.author_name,
        Message.author_email,
        Message.attachments,
        Message.created_at,
        Message.edited_at,
    )
    .where(Message.ticket_id == bindparam("ticket_id"), Message.deleted_at.is_(None))
    .order_by(Message.created_at.desc(), Message.sequence.desc())
    .limit(bindparam("most"))
)
_LAST_NOTES = (
    select(Note.id, Note.ticket_id, Note.content, Note.author_name, Note.author_id, Note.created_at)
    .where(Note.ticket_id == bindparam("ticket_id"))
    .order_by(Note.created_at.desc(), Note.sequence.desc())
    .limit(bindparam("most"))
)


def ticket_by_tags(session: Session, ticket_id: str) -> Sequence[Row[Any]]:
    """A row for each of its tags, and one where it has none: the ticket, and what is told of its customer.

    None where it is not there or deleted.
    """
    return session.connection().execute(_TICKET, {"id": ticket_id}).all()


def listed(session: Session, ids: Sequence[str]) -> list[tuple[Row[Any], Sequence[str]]]:
    """Tickets with what is told of their customers, and their tags, in the order of the ids.

    Those that are deleted by now are left out.
    """
    if not ids:
        return []
    connection = session.connection()
    rows = {row.id: row for row in connection.execute(_LISTED, {"ids": ids}).all()}
    tags: dict[str, list[str]] = {}
    for ticket_id, tag in connection.execute(_TAGS, {"ids": ids}).all():
        tags.setdefault(ticket_id, []).append(tag)
    return [(rows[ticket_id], tags.get(ticket_id, ())) for ticket_id in ids if ticket_id in rows]


def last_messages(session: Session, ticket_id: str, most: int) -> Sequence[Row[Any]]:
    """The newest that are not deleted, oldest first."""
    return _oldest_first(session, _LAST_MESSAGES, ticket_id, most)


def last_notes(session: Session, ticket_id: str, most: int) -> Sequence[Row[Any]]:
    """The newest, oldest first."""
    return _oldest_first(session, _LAST_NOTES, ticket_id, most)


def _oldest_first(session: Session, newest: Any, ticket_id: str, most: int) -> Sequence[Row[Any]]:
    return session.connection().execute(newest, {"ticket_id": ticket_id, "most": most}).all()[::-1]
