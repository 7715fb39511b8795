"""The rules of tickets and their conversations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from providers.models import Contact, TicketContext, Turn
from providers.ports import Clock, Random
from service.customers.services import CustomerService, Person
from service.database import Database
from service.errors import NotFound
from service.events import MESSAGE_ADDED, TICKET_CREATED, TICKET_UPDATED, EventLog, EventType, about_ticket
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.tickets import queries
from service.tickets.models import (
    COUNTER_SHARDS,
    PREVIEW_LENGTH,
    Channel,
    Message,
    Priority,
    Ticket,
    TicketStatus,
)

SHOWN_MESSAGES = 200
TOLD_MESSAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    customer_id: str
    subject: str
    channel: Channel = Channel.EMAIL
    priority: Priority = Priority.NORMAL
    status: TicketStatus = TicketStatus.OPEN
    tags: frozenset[str] = frozenset()
    initial_message: str | None = None
    author: Person = field(default_factory=Person)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    content: str
    from_agent: bool = True
    author: Person = field(default_factory=Person)
    send_to_customer: bool = False
    close_ticket: bool = False
    draft_id: str | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    ticket: Ticket
    messages: Sequence[Message]

    @property
    def messages_truncated(self) -> bool:
        return self.ticket.message_count > len(self.messages)


def status_after(message: NewMessage, status: TicketStatus) -> TicketStatus:
    """A customer's message reopens whatever is not open."""
    if message.close_ticket:
        return TicketStatus.CLOSED
    return status if message.from_agent else TicketStatus.OPEN


def preview(content: str) -> str:
    line = " ".join(content.split())
    return line if len(line) <= PREVIEW_LENGTH else line[: PREVIEW_LENGTH - 1] + "…"


class TicketService:
    def __init__(
        self, database: Database, customers: CustomerService, events: EventLog, clock: Clock, random: Random
    ) -> None:
        self._database = database
        self._customers = customers
        self._events = events
        self._clock = clock
        self._random = random

    def create(self, new: NewTicket, *, actor: str) -> Conversation:
        now = self._clock.now()
        ticket = Ticket(
            id=new_id("ticket"),
            customer_id=new.customer_id,
            subject=new.subject,
            status=new.status,
            priority=new.priority,
            channel=new.channel,
            version=1,
            conversation_version=0,
            message_count=0,
            created_at=now,
            updated_at=now,
            resolved_at=now if new.status is TicketStatus.RESOLVED else None,
            closed_at=now if new.status is TicketStatus.CLOSED else None,
        )
        ticket.tags.update(new.tags)
        messages = []
        with self._database.writing() as session:
            self._customers.ensure(session, new.customer_id, new.author, actor=actor)
            session.add(ticket)
            self._count(session, ticket.status, 1)
            self._record(session, TICKET_CREATED, ticket, actor, after=_state(ticket))
            if new.initial_message is not None:
                first = NewMessage(content=new.initial_message, from_agent=False, author=new.author)
                messages.append(self._append(session, ticket, first, now, actor))
        return Conversation(ticket, messages)

    def add_message(self, ticket_id: str, new: NewMessage, *, actor: str) -> tuple[Message, Ticket]:
        """Raises `NotFound`."""
        with self._database.writing() as session:
            ticket = queries.living(session, ticket_id, for_change=True)
            if ticket is None:
                raise NotFound("ticket", ticket_id)
            now = self._clock.now()
            message = self._append(session, ticket, new, now, actor)
            self._move(session, ticket, status_after(new, ticket.status), now, actor)
            ticket.version += 1
        return message, ticket

    def read(self, ticket_id: str) -> Conversation:
        """The ticket with its last messages. Raises `NotFound`."""
        with self._database.reading() as session:
            ticket = queries.living(session, ticket_id)
            if ticket is None:
                raise NotFound("ticket", ticket_id)
            return Conversation(ticket, queries.last_messages(session, ticket_id, SHOWN_MESSAGES))

    def listing(self, wanted: queries.TicketFilter, page: Page, *, newest_first: bool) -> Listing[Ticket]:
        with self._database.reading() as session:
            rows = queries.page_of(session, wanted, page, newest_first=newest_first)
            total, estimated = queries.count(session, wanted)
        return paginate(
            rows,
            page,
            total=total,
            estimated=estimated,
            place=lambda ticket: Cursor(ticket.created_at, ticket.id),
        )

    def context(self, ticket_id: str) -> tuple[TicketContext, str]:
        """What a provider may know of the ticket, and its customer's id. Raises `NotFound`."""
        with self._database.reading() as session:
            ticket = queries.living(session, ticket_id)
            if ticket is None:
                raise NotFound("ticket", ticket_id)
            messages = queries.last_messages(session, ticket_id, TOLD_MESSAGES)
        told = TicketContext(
            id=ticket.id,
            subject=ticket.subject,
            channel=ticket.channel,
            priority=ticket.priority,
            version=ticket.conversation_version,
            tags=tuple(sorted(ticket.tags)),
            conversation=tuple(Turn(not message.from_agent, message.content) for message in messages),
        )
        return told, ticket.customer_id

    def customer_of(self, session: Session, ticket_id: str) -> str | None:
        return queries.customer_of(session, ticket_id)

    def recent_contacts(self, customer_id: str, *, limit: int) -> list[Contact]:
        with self._database.reading() as session:
            tickets = queries.recent_of_customer(session, customer_id, limit)
        return [
            Contact(
                ticket_id=ticket.id,
                at=ticket.created_at,
                channel=ticket.channel,
                subject=ticket.subject,
                status=ticket.status,
            )
            for ticket in tickets
        ]

    def _append(
        self, session: Session, ticket: Ticket, new: NewMessage, now: datetime, actor: str
    ) -> Message:
        message = Message(
            id=new_id("message"),
            ticket_id=ticket.id,
            from_agent=new.from_agent,
            content=new.content,
            author_name=new.author.name,
            author_email=new.author.email,
            send_to_customer=new.send_to_customer,
            draft_id=new.draft_id,
            created_at=now,
        )
        session.add(message)
        ticket.conversation_version += 1
        ticket.message_count += 1
        ticket.last_message_preview = preview(new.content)
        ticket.last_message_at = now
        ticket.last_message_from_agent = new.from_agent
        ticket.updated_at = now
        if new.from_agent:
            ticket.waiting_since = None
            ticket.first_response_at = ticket.first_response_at or now
        else:
            ticket.waiting_since = ticket.waiting_since or now
        told = {
            "message_id": message.id,
            "from_agent": new.from_agent,
            "send_to_customer": new.send_to_customer,
        }
        self._record(session, MESSAGE_ADDED, ticket, actor, after=told)
        return message

    def _move(
        self, session: Session, ticket: Ticket, status: TicketStatus, now: datetime, actor: str
    ) -> None:
        before = ticket.status
        if status is before:
            return
        self._count(session, before, -1)
        self._count(session, status, 1)
        ticket.status = status
        ticket.resolved_at = now if status is TicketStatus.RESOLVED else None
        ticket.closed_at = now if status is TicketStatus.CLOSED else None
        self._record(
            session, TICKET_UPDATED, ticket, actor, before={"status": before}, after={"status": status}
        )

    def _count(self, session: Session, status: TicketStatus, change: int) -> None:
        queries.recount(session, status, change, shard=int(self._random.random() * COUNTER_SHARDS))

    def _record(
        self,
        session: Session,
        kind: EventType,
        ticket: Ticket,
        actor: str,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object],
    ) -> None:
        event = about_ticket(kind, ticket.id, actor=actor, at=ticket.updated_at, before=before, after=after)
        self._events.record(session, event)


def _state(ticket: Ticket) -> dict[str, object]:
    return {
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "tags": sorted(ticket.tags),
    }
