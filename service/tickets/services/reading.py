"""A ticket as it is read, with all that its page tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.models import CustomerRef
from service.customers.services import Named
from service.errors import NotFound
from service.tickets import page_queries

SHOWN_MESSAGES = 200
SHOWN_NOTES = 200


@dataclass(frozen=True, slots=True)
class ReadTicket:
    """Rows with what is shown of `Ticket`, `Message` and `Note`; its customer by name."""

    ticket: Row[Any]
    tags: Sequence[str]
    messages: Sequence[Row[Any]]
    notes: Sequence[Row[Any]]
    customer: Named

    @property
    def messages_truncated(self) -> bool:
        return bool(self.ticket.message_count > len(self.messages))


def read_ticket(session: Session, ticket_id: str) -> ReadTicket:
    """In two statements, and a third where there are notes. Raises `NotFound`."""
    rows = page_queries.ticket_by_tags(session, ticket_id)
    if not rows:
        raise NotFound("ticket", ticket_id)
    ticket = rows[0]
    return ReadTicket(
        ticket,
        [row.tag for row in rows if row.tag is not None],
        page_queries.last_messages(session, ticket_id, SHOWN_MESSAGES),
        page_queries.last_notes(session, ticket_id, SHOWN_NOTES) if ticket.has_notes else (),
        Named(
            CustomerRef(ticket.customer_id, ticket.customer_external_ids),
            ticket.customer_name,
            may_have_orders=ticket.customer_has_orders,
            erased=ticket.customer_erased_at is not None,
        ),
    )
