"""Tickets: created, read, listed, changed, deleted and restored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from providers.models import Contact, TicketContext, Turn
from service.customers.services import CustomerService, Person
from service.database import Database, concerns
from service.errors import InvalidField, NotFound
from service.events import (
    TICKET_CREATED,
    TICKET_DELETED,
    TICKET_RESTORED,
    TICKET_UPDATED,
    Event,
    about_ticket,
    differing,
)
from service.http.ownership import Bounds
from service.identifiers import new_id
from service.text_index import IndexedText, TextIndex, TextKind
from service.tickets import queries
from service.tickets.custom_fields import CustomFields, merged
from service.tickets.inserts import insert_messages, insert_ticket
from service.tickets.lifecycle import Settled
from service.tickets.models import NOBODYS, Channel, Message, Note, Priority, Ticket, TicketStatus, TicketTag
from service.tickets.ownership import settle_owner
from service.tickets.services.conversations import NewMessage, message_added, placed, text_of
from service.tickets.services.records import TicketRecords, Versions, unique_external_id

TOLD_MESSAGES = 50
MAX_TAGS = 50
PLAIN_FIELDS = ("priority", "assigned_to", "team_id", "external_id")
OWNING = frozenset({"assigned_to", "team_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    customer_id: str
    subject: str
    channel: Channel = Channel.EMAIL
    priority: Priority = Priority.NORMAL
    status: TicketStatus = TicketStatus.OPEN
    tags: frozenset[str] = frozenset()
    assigned_to: str | None = None
    team_id: str | None = None
    external_id: str | None = None
    custom_fields: CustomFields = field(default_factory=dict)
    initial_message: str | None = None
    author: Person = field(default_factory=Person)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChange:
    """`values`: each of status, subject and the plain fields that is to be another.

    `tags` takes the place of all; then `add_tags` come, and `remove_tags` go.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    tags: frozenset[str] | None = None
    add_tags: frozenset[str] = frozenset()
    remove_tags: frozenset[str] = frozenset()
    custom_fields: CustomFields = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Conversation:
    ticket: Ticket
    messages: Sequence[Message]
    notes: Sequence[Note] = ()


def subject_of(ticket: Ticket) -> IndexedText:
    return IndexedText(TextKind.SUBJECT, ticket.id, ticket.subject, ticket_id=ticket.id)


class TicketService:
    def __init__(
        self,
        database: Database,
        customers: CustomerService,
        records: TicketRecords,
        index: TextIndex,
    ) -> None:
        self._database = database
        self._customers = customers
        self._records = records
        self._index = index

    def create(self, new: NewTicket, *, actor: str) -> Conversation:
        """Raises `InvalidField`, and `Conflict` for an external id that is taken."""
        now = self._records.now()
        ticket = opened(new, Settled().moved(new.status, now), at=now)
        messages = []
        if new.initial_message is not None:
            first = NewMessage(content=new.initial_message, from_agent=False, author=new.author)
            messages.append(placed(ticket, first, at=now))
        with unique_external_id(new.external_id), self._database.writing() as session:
            concerns(session, new.customer_id)
            ticket.custom_fields = _custom_fields(session, {}, new.custom_fields)
            settle_owner(session, ticket)
            ticket.queued = self._records.waits(ticket)
            if not self._records.ranking.take_facts_if_there(session, ticket):
                self._customers.ensure(session, new.customer_id, new.author, actor=actor)
                self._records.ranking.take_facts(session, [ticket])
            self._records.ranking.rank(ticket)  # which the session does for what it writes itself
            insert_ticket(session, ticket)
            insert_messages(session, messages)
            self._records.tell(session, ticket, _made(ticket, messages, actor=actor, at=now))
            self._index.add(session, [subject_of(ticket), *map(text_of, messages)])
            self._records.count(session, {ticket.status: 1})
        return Conversation(ticket, messages)

    def change(
        self,
        ticket_id: str,
        change: TicketChange,
        *,
        actor: str,
        expected: Versions | None = None,
        within: Bounds | None = None,
    ) -> Ticket:
        """Raises what `held` of the records does, `InvalidField`, and `Conflict` for a taken external id."""
        external_id = change.values.get("external_id")
        with unique_external_id(external_id), self._database.writing() as session:
            ticket = self._records.held(session, ticket_id, expected=expected, within=within)
            now = self._records.now()
            before, told_before = state_of(ticket), _personal(ticket)
            status = change.values.get("status", ticket.status)
            if status is not ticket.status:
                self._records.settle(session, ticket, status, now)
            for name in PLAIN_FIELDS:
                if name in change.values:
                    setattr(ticket, name, change.values[name])
            if OWNING & change.values.keys():
                settle_owner(session, ticket, team_before=before["team_id"])
            self._retitle(session, ticket, change.values.get("subject", ticket.subject))
            _retag(ticket, change)
            ticket.custom_fields = _custom_fields(session, ticket.custom_fields, change.custom_fields)
            plain, personal = differing(before, state_of(ticket)), differing(told_before, _personal(ticket))
            if plain or personal:
                ticket.version += 1
                self._records.changed(
                    session,
                    ticket,
                    TICKET_UPDATED,
                    actor=actor,
                    at=now,
                    before=plain.get("before"),
                    after=plain.get("after"),
                    personal=personal or None,
                )
        return ticket

    def _retitle(self, session: Session, ticket: Ticket, subject: str) -> None:
        if ticket.subject != subject:
            ticket.subject = subject
            self._index.replace(session, subject_of(ticket))

    def delete(self, ticket_id: str, *, actor: str, expected: Versions | None = None) -> None:
        """Softly: nothing is lost, and nobody finds it. Raises `NotFound` and `Stale`."""
        with self._database.writing() as session:
            ticket = self._records.held(session, ticket_id, expected=expected)
            now = ticket.deleted_at = self._records.now()
            ticket.version += 1
            self._records.count(session, {ticket.status: -1})
            self._records.changed(session, ticket, TICKET_DELETED, actor=actor, at=now)

    def restore(self, ticket_id: str, *, actor: str) -> Ticket:
        """One that is not deleted stays as it is. Raises `NotFound`."""
        with self._database.writing() as session:
            ticket = queries.dead_or_alive(session, ticket_id)
            if ticket is None:
                raise NotFound("ticket", ticket_id)
            if ticket.deleted_at is not None:
                ticket.deleted_at = None
                ticket.version += 1
                learnt = self._records.ranking.learn(session, [ticket])
                self._records.ranking.tell(session, learnt)
                self._records.count(session, {ticket.status: 1})
                self._records.changed(session, ticket, TICKET_RESTORED, actor=actor, at=self._records.now())
        return ticket

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

    def stay_with(self, session: Session, ticket_id: str, customer_id: str) -> None:
        """Raises `NotFound` for a customer who was erased since the ticket was read."""
        if queries.held_customer_of(session, ticket_id) != customer_id:
            raise NotFound("customer", customer_id)

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


def opened(new: NewTicket, settled: Settled, *, at: datetime) -> Ticket:
    """The ticket without a message, and without its custom fields and owner, who are known only there."""
    return Ticket(
        id=new_id("ticket"),
        external_id=new.external_id,
        customer_id=new.customer_id,
        subject=new.subject,
        status=new.status,
        priority=new.priority,
        channel=new.channel,
        assigned_to=new.assigned_to,
        team_id=new.team_id,
        owned_by=NOBODYS,
        queued=False,
        tag_rows={TicketTag(tag=tag) for tag in new.tags},
        version=1,
        conversation_version=0,
        message_count=0,
        service_level_score=0.0,
        created_at=at,
        updated_at=at,
        resolved_at=settled.resolved_at,
        closed_at=settled.closed_at,
    )


def _made(ticket: Ticket, messages: Sequence[Message], *, actor: str, at: datetime) -> list[Event]:
    told = state_of(ticket)
    made = about_ticket(TICKET_CREATED, ticket.id, actor=actor, at=at, after=told, at_hand=ticket)
    return [made, *(message_added(message, actor=actor, at=at) for message in messages)]


def _retag(ticket: Ticket, change: TicketChange) -> None:
    before = set(ticket.tags)
    tags = ((before if change.tags is None else change.tags) | change.add_tags) - change.remove_tags
    if len(tags) > MAX_TAGS:
        raise InvalidField("tags", f"A ticket has {MAX_TAGS} tags at most; this would make {len(tags)}.")
    for tag in before - tags:
        ticket.tags.discard(tag)
    ticket.tags.update(tags - before)


def _custom_fields(session: Session, known: CustomFields, wanted: CustomFields) -> dict[str, Any]:
    if not wanted:
        return dict(known)
    return merged(known, wanted, {row.key: row for row in queries.ticket_fields(session)})


def state_of(ticket: Ticket) -> dict[str, Any]:
    return {
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "tags": sorted(ticket.tags),
        "assigned_to": ticket.assigned_to,
        "team_id": ticket.team_id,
        "external_id": ticket.external_id,
    }


def _personal(ticket: Ticket) -> dict[str, Any]:
    """What may tell of a person: free text."""
    return {"subject": ticket.subject, "custom_fields": ticket.custom_fields}
