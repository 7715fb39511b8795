"""Messages: added, edited, deleted, and what a ticket keeps of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.customers.services import Person
from service.database import Database
from service.errors import NotFound
from service.events import (
    CONVERSATION_RESET,
    MESSAGE_ADDED,
    MESSAGE_DELETED,
    MESSAGE_EDITED,
    Event,
    EventType,
    about_ticket,
)
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.text_index import IndexedText, TextIndex, TextKind
from service.tickets import queries
from service.tickets.inserts import insert_messages
from service.tickets.lifecycle import status_after_message
from service.tickets.models import PREVIEW_LENGTH, Message, Ticket
from service.tickets.sentiment import sentiment_of
from service.tickets.services.records import TicketRecords, unique_external_id


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """`attachments`: name, url, content_type, size_bytes of each; nothing is fetched from there."""

    content: str
    from_agent: bool = True
    author: Person = field(default_factory=Person)
    send_to_customer: bool = False
    close_ticket: bool = False
    draft_id: str | None = None
    attachments: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class AddedMessage:
    message: Message
    ticket: Ticket


def preview(content: str) -> str:
    line = " ".join(content.split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1] + "…"


def text_of(message: Message) -> IndexedText:
    return IndexedText(TextKind.MESSAGE, message.id, message.content, ticket_id=message.ticket_id)


def placed(
    ticket: Ticket,
    new: NewMessage,
    *,
    at: datetime,
    external_id: str | None = None,
) -> Message:
    """The message, with what its ticket keeps of it; it is the last one, or `look_again` follows."""
    message = Message(
        id=new_id("message"),
        external_id=external_id,
        ticket_id=ticket.id,
        from_agent=new.from_agent,
        content=new.content,
        author_name=new.author.name,
        author_email=new.author.email,
        send_to_customer=new.send_to_customer,
        draft_id=new.draft_id,
        attachments=[dict(attachment) for attachment in new.attachments] or None,
        created_at=at,
    )
    ticket.message_count += 1
    ticket.conversation_version += 1
    _show_last(ticket, message)
    if new.from_agent:
        ticket.waiting_since = None
        ticket.first_response_at = ticket.first_response_at or at
    else:
        ticket.waiting_since = ticket.waiting_since or at
        ticket.customer_sentiment = sentiment_of(new.content)
    return message


def message_added(message: Message, *, actor: str, at: datetime) -> Event:
    told: dict[str, Any] = {
        "message_id": message.id,
        "from_agent": message.from_agent,
        "send_to_customer": message.send_to_customer,
    }
    if message.draft_id is not None:
        told["names_draft"] = True  # which one is the caller's word, and stays in the message
    return about_ticket(MESSAGE_ADDED, message.ticket_id, actor=actor, at=at, after=told)


class ConversationService:
    def __init__(self, database: Database, records: TicketRecords, index: TextIndex) -> None:
        self._database = database
        self._records = records
        self._index = index

    def add(
        self, ticket_id: str, new: NewMessage, *, actor: str, external_id: str | None = None
    ) -> AddedMessage:
        """Raises `NotFound`, and `Conflict` for an external id that is taken."""
        with unique_external_id(external_id, of="message"), self._database.writing() as session:
            ticket = self._records.held(session, ticket_id)
            now = self._records.now()
            ticket.version += 1
            message = placed(ticket, new, at=now, external_id=external_id)
            insert_messages(session, [message])
            self.tell_added(session, ticket, message, actor=actor, at=now)
            self._index.add(session, [text_of(message)])
            status = status_after_message(ticket.status, from_agent=new.from_agent, closes=new.close_ticket)
            self._records.move(session, ticket, status, actor=actor, at=now)
        return AddedMessage(message, ticket)

    def tell_added(
        self, session: Session, ticket: Ticket, message: Message, *, actor: str, at: datetime
    ) -> None:
        ticket.updated_at = at
        self._records.tell(session, ticket, [message_added(message, actor=actor, at=at)])

    def listing(self, ticket_id: str, page: Page, *, newest_first: bool) -> Listing[Message]:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            ticket = queries.living(session, ticket_id)
            if ticket is None:
                raise NotFound("ticket", ticket_id)
            rows = queries.messages_page(session, ticket_id, page, newest_first=newest_first)
        return paginate(
            rows,
            page,
            total=ticket.message_count,
            estimated=False,
            place=lambda message: Cursor(message.created_at, str(message.sequence)),
        )

    def written(self, session: Session, message_id: str) -> Message | None:
        return queries.living_message(session, message_id)

    def edit(self, message_id: str, content: str, *, actor: str) -> AddedMessage:
        """What was first written is kept. Raises `NotFound`."""
        with self._database.writing() as session:
            message, ticket = self._held(session, message_id)
            if message.content != content:
                now = self._records.now()
                if message.original_content is None:
                    message.original_content = message.content
                message.content, message.edited_at = content, now
                ticket.version += 1
                ticket.conversation_version += 1
                self._told(session, ticket, MESSAGE_EDITED, message, actor=actor, at=now)
                look_again(session, ticket)
                self._index.replace(session, text_of(message))
        return AddedMessage(message, ticket)

    def delete(self, message_id: str, *, actor: str) -> None:
        """The row is kept and shown to nobody. Raises `NotFound`."""
        with self._database.writing() as session:
            message, ticket = self._held(session, message_id)
            now = message.deleted_at = self._records.now()
            ticket.message_count -= 1
            ticket.version += 1
            ticket.conversation_version += 1
            self._told(session, ticket, MESSAGE_DELETED, message, actor=actor, at=now)
            look_again(session, ticket)
            self._index.remove(session, text_of(message))

    def reset(self, ticket_id: str, *, actor: str) -> int:
        """Delete all messages but the first. Returns how many those were; raises `NotFound`."""
        with self._database.writing() as session:
            ticket = self._records.held(session, ticket_id)
            now = self._records.now()
            deleted = queries.delete_all_but_first(session, ticket_id, now)
            if deleted:
                first = queries.last_messages(session, ticket_id, 1)[0]
                self._index.keep_only(session, text_of(first))
                ticket.message_count -= deleted
                ticket.conversation_version += 1
                ticket.version += 1
                look_again(session, ticket)
                told = {"messages_deleted": deleted}
                self._records.changed(session, ticket, CONVERSATION_RESET, actor=actor, at=now, after=told)
        return deleted

    def _held(self, session: Session, message_id: str) -> tuple[Message, Ticket]:
        message = queries.living_message(session, message_id)
        ticket = self._records.held(session, message.ticket_id) if message is not None else None
        if message is not None:
            session.refresh(message)  # it may have changed until its ticket was held
        if message is None or ticket is None or message.deleted_at is not None:
            raise NotFound("message", message_id)
        return message, ticket

    def _told(
        self,
        session: Session,
        ticket: Ticket,
        kind: EventType,
        message: Message,
        *,
        actor: str,
        at: datetime,
    ) -> None:
        after = {"message_id": message.id}
        self._records.changed(session, ticket, kind, actor=actor, at=at, after=after)


def _show_last(ticket: Ticket, message: Message | None) -> None:
    ticket.last_message_preview = preview(message.content) if message else None
    ticket.last_message_at = message.created_at if message else None
    ticket.last_message_from_agent = message.from_agent if message else None


def look_again(session: Session, ticket: Ticket) -> None:
    """Work out anew what the ticket keeps of its messages, where the last one is not the one just changed."""
    session.flush()
    last = queries.last_messages(session, ticket.id, 1)
    _show_last(ticket, last[0] if last else None)
    ticket.waiting_since = queries.waiting_since(session, ticket.id)
    of_customer = queries.last_of_customer(session, ticket.id)
    ticket.customer_sentiment = sentiment_of(of_customer) if of_customer is not None else None
