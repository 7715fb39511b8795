"""New tickets and messages, by statements built once: the session's own way takes as long again."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from service.tickets.models import Message, Ticket, TicketTag
from service.writes import Write, write

_OF_TICKETS = tuple(column.name for column in Ticket.__table__.columns)
_OF_MESSAGES = tuple(column.name for column in Message.__table__.columns if column.name != "sequence")
"""Which the database gives."""

_TICKETS = Write.inserting(Ticket.__table__, _OF_TICKETS)
_TAGS = Write.inserting(TicketTag.__table__, ("ticket_id", "tag"))
_MESSAGES = Write.inserting(Message.__table__, _OF_MESSAGES)


def insert_ticket(session: Session, ticket: Ticket) -> None:
    """With its tags. It must be ranked already: `before_flush`, which does so otherwise, never sees it.

    From then on the session has it as if it had read it.
    """
    for name in set(_OF_TICKETS) - vars(ticket).keys():
        set_committed_value(ticket, name, None)
    write(session, _TICKETS, [_row(ticket, _OF_TICKETS)])
    tags = ticket.tag_rows
    for tag in tags:
        tag.ticket_id = ticket.id
    write(session, _TAGS, [{"ticket_id": tag.ticket_id, "tag": tag.tag} for tag in tags])
    for row in (*tags, ticket):
        make_transient_to_detached(row)
    session.add(ticket)


def insert_messages(session: Session, messages: Iterable[Message]) -> None:
    """Whose tickets are there. The session knows nothing of them; whoever asks for one reads it."""
    write(session, _MESSAGES, [_row(message, _OF_MESSAGES) for message in messages])


def _row(written: Ticket | Message, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(written, name) for name in names}
