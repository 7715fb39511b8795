"""Tickets that were kept elsewhere until now: brought whole, with their conversation as it was."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.customers.services import CustomerService, Person
from service.errors import InvalidField
from service.events import TICKET_CREATED, Event, EventLog, about_ticket
from service.text_index import IndexedText, TextIndex
from service.tickets import queries
from service.tickets.custom_fields import merged
from service.tickets.handing import AS_IT_WAS
from service.tickets.lifecycle import Settled, status_after_message
from service.tickets.models import Message, Note, Ticket, TicketField
from service.tickets.ownership import NO_TEAM, lost_teams, settle_owners
from service.tickets.services.conversations import (
    ConversationService,
    NewMessage,
    look_again,
    placed,
    text_of,
)
from service.tickets.services.notes import NewNote, written
from service.tickets.services.records import TicketRecords
from service.tickets.services.tickets import NewTicket, opened, state_of, subject_of
from service.upserts import Upsert


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMessage:
    new: NewMessage
    at: datetime
    external_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastNote:
    new: NewNote
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastTicket:
    """`new.external_id` is never None. `settled` as it was told, None where it was not."""

    new: NewTicket
    settled: Settled = field(default_factory=Settled)
    created_at: datetime | None = None
    updated_at: datetime | None = None
    messages: tuple[PastMessage, ...] = ()
    notes: tuple[PastNote, ...] = ()

    @property
    def external_id(self) -> str:
        return str(self.new.external_id)

    def message_ids(self) -> Iterator[str]:
        return (message.external_id for message in self.messages if message.external_id is not None)

    def with_fields(self, definitions: Sequence[TicketField]) -> "PastTicket":
        """With custom fields that its desk has. Raises `InvalidField`."""
        known = {definition.key: definition for definition in definitions}
        return replace(self, new=replace(self.new, custom_fields=merged({}, self.new.custom_fields, known)))


class PastTicketService:
    """A ticket is made once. One that is there stays as it is, but for messages with new external ids."""

    def __init__(
        self,
        customers: CustomerService,
        conversations: ConversationService,
        records: TicketRecords,
        events: EventLog,
        index: TextIndex,
    ) -> None:
        self._customers = customers
        self._conversations = conversations
        self._records = records
        self._events = events
        self._index = index

    def bring(
        self, session: Session, tickets: Sequence[PastTicket], *, actor: str
    ) -> list[Upsert | InvalidField]:
        """What became of each; no external id is twice among them."""
        there = queries.ids_by_external_id(session, [ticket.external_id for ticket in tickets])
        owners = queries.tickets_of_messages(
            session, [message_id for ticket in tickets for message_id in ticket.message_ids()]
        )
        lost = lost_teams(session, (ticket.new.team_id for ticket in tickets))
        outcomes: list[Upsert | InvalidField] = []
        new: list[PastTicket] = []
        with session.no_autoflush:
            for ticket in tickets:
                ticket_id, deleted = there.get(ticket.external_id, (f"new:{ticket.external_id}", False))
                wrong = _lost(ticket, lost) or _taken(ticket, ticket_id, owners)
                if wrong is not None:
                    outcomes.append(wrong)
                    continue
                fresh = [message for message in ticket.messages if message.external_id not in {None, *owners}]
                owners |= dict.fromkeys(ticket.message_ids(), ticket_id)
                if ticket.external_id not in there:
                    new.append(ticket)
                    outcomes.append(Upsert.CREATED)
                elif fresh and not deleted:
                    self._append(session, ticket_id, fresh, actor=actor)
                    outcomes.append(Upsert.UPDATED)
                else:
                    outcomes.append(Upsert.UNCHANGED)
            self._make_all(session, new, actor=actor)
        return outcomes

    def _make_all(self, session: Session, tickets: Sequence[PastTicket], *, actor: str) -> None:
        people: dict[str, Person] = {}
        for ticket in tickets:
            people.setdefault(ticket.new.customer_id, _author(ticket))
        self._customers.ensure_all(session, list(people), actor=actor, people=people)
        now = self._records.now()
        made = [_made(ticket, actor=actor, now=now) for ticket in tickets]
        self._records.ranking.take_facts(session, [one for one, _ in made])
        settle_owners(session, [one for one, _ in made])
        session.add_all(one for one, _ in made)
        session.flush()  # nothing tells the session that messages need their ticket there
        session.add_all(part for _, parts in made for part in parts)
        session.flush()
        self._index.add(session, [text for one in made for text in _texts(*one)])
        self._events.record_all(session, [_told(*one, actor=actor, now=now) for one in made])
        self._records.count(session, Counter(one.status for one, _ in made))

    def _append(self, session: Session, ticket_id: str, fresh: Sequence[PastMessage], *, actor: str) -> None:
        """What is newer than all that is there moves the ticket as over HTTP; what is older moves nothing."""
        ticket = self._records.held(session, ticket_id)
        now, last_at, answered_at = self._records.now(), ticket.last_message_at, ticket.first_response_at
        for message in sorted(fresh, key=lambda message: message.at):
            added = placed(ticket, message.new, at=message.at, external_id=message.external_id)
            session.add(added)
            session.flush()  # whoever hears of it finds it there
            self._conversations.tell_added(session, ticket, added, actor=actor, at=now)
            self._index.add(session, [text_of(added)])
            if message.new.from_agent:
                answered_at = min(answered_at or message.at, message.at)
            if last_at is None or message.at >= last_at:
                status = status_after_message(ticket.status, from_agent=message.new.from_agent, closes=False)
                self._records.move(session, ticket, status, actor=actor, at=now)
        ticket.first_response_at = answered_at
        ticket.version += 1
        look_again(session, ticket)


def _lost(ticket: PastTicket, teams: frozenset[str]) -> InvalidField | None:
    if ticket.new.team_id not in teams:
        return None
    return InvalidField("team_id", NO_TEAM)


def _taken(ticket: PastTicket, ticket_id: str, owners: dict[str, str]) -> InvalidField | None:
    """What is wrong with an external id of its messages."""
    seen: set[str] = set()
    for number, message in enumerate(ticket.messages):
        if message.external_id is None:
            continue
        if owners.get(message.external_id, ticket_id) != ticket_id or message.external_id in seen:
            return InvalidField(
                f"messages.{number}.external_id", "Another message has this id; choose another."
            )
        seen.add(message.external_id)
    return None


def _author(ticket: PastTicket) -> Person:
    """Who the customer is, as far as the ticket tells."""
    told = (message.new.author for message in ticket.messages if not message.new.from_agent)
    return ticket.new.author if ticket.new.author != Person() else next(told, Person())


def _made(past: PastTicket, *, actor: str, now: datetime) -> tuple[Ticket, list[Message | Note]]:
    """The ticket as it was, and its messages and notes."""
    created_at = past.created_at or min((message.at for message in past.messages), default=now)
    ticket = opened(past.new, past.settled, at=created_at)
    ticket.custom_fields = dict(past.new.custom_fields)
    parts: list[Message | Note] = [
        placed(ticket, message.new, at=message.at, external_id=message.external_id)
        for message in _in_order(past, created_at)
    ]
    parts += [written(note.new, ticket.id, actor=actor, at=note.at) for note in past.notes]
    ticket.updated_at = past.updated_at or max(created_at, ticket.last_message_at or created_at)
    return ticket, parts


def _texts(ticket: Ticket, parts: Sequence[Message | Note]) -> Iterator[IndexedText]:
    yield subject_of(ticket)
    yield from (text_of(part) for part in parts if isinstance(part, Message))


def _told(ticket: Ticket, parts: Sequence[Message | Note], *, actor: str, now: datetime) -> Event:
    """One event for all of it."""
    told = {
        "created_at": ticket.created_at,
        "messages": ticket.message_count,
        "notes": len(parts) - ticket.message_count,
    }
    after = state_of(ticket) | told
    return about_ticket(TICKET_CREATED, ticket.id, actor=actor, at=now, after=after, at_hand=AS_IT_WAS)


def _in_order(ticket: PastTicket, created_at: datetime) -> list[PastMessage]:
    first = ticket.new.initial_message
    messages = list(ticket.messages)
    if first is not None:
        new = NewMessage(content=first, from_agent=False, author=ticket.new.author)
        messages.insert(0, PastMessage(new=new, at=created_at))
    return sorted(messages, key=lambda message: message.at)
