"""One customer: everything that is held, told; and erased, so that nothing leads back to them."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from cachetools import TTLCache
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.assignment.models import Assignment
from service.customer_base.models import KeptStatistics
from service.customers import models
from service.customers import queries as customer_queries
from service.customers.services import CustomerService
from service.database import Database, after_commit
from service.errors import NotFound
from service.events import (
    CUSTOMER_ERASED,
    CUSTOMER_EXPORTED,
    TICKET_CREATED,
    TICKET_ERASED,
    TICKET_UPDATED,
    Event,
    EventLog,
    EventType,
    StoredEvent,
)
from service.http.models import IdempotencyKey
from service.identifiers import new_id, new_ref
from service.intelligence.models import CustomerSnapshot, Draft, StoredRecommendation
from service.privacy import queries
from service.privacy.memory import LONGEST_CALL_S
from service.text_index import TextIndex
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Message, Note, Ticket, TicketStatus
from service.tickets.services import TicketRecords

IN_PLACE = "[erased]"
"""What a text says whose words are gone."""

TELLING_FIELDS = frozenset({"external_id", "tags"})
"""Fields of tickets that callers choose, and that their events tell."""

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class HeldTicket:
    ticket: Ticket
    messages: Sequence[Message]
    notes: Sequence[Note]
    drafts: Sequence[Draft]
    recommendations: Sequence[StoredRecommendation]
    assignments: Sequence[Assignment]
    events: Sequence[StoredEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The deleted included. Words for the search are no more than the texts, and are left out."""

    exported_at: datetime
    customer: models.Customer
    orders: Sequence[models.Order]
    tickets: Sequence[HeldTicket]
    facts: Sequence[CustomerSnapshot]
    statistics: KeptStatistics | None
    events: Sequence[StoredEvent]
    kept_answers: Sequence[IdempotencyKey]


class Exports:
    def __init__(
        self, database: Database, customers: CustomerService, events: EventLog, clock: Clock
    ) -> None:
        self._database = database
        self._customers = customers
        self._events = events
        self._clock = clock

    def of(self, customer_id: str, *, actor: str) -> Held:
        """Recorded before it is told. Raises `NotFound`."""
        now = self._clock.now()
        customer = self._customers.read(customer_id)
        with self._database.reading() as session:
            held = Held(
                exported_at=now,
                customer=customer,
                orders=queries.orders(session, customer_id),
                tickets=_held_tickets(session, customer_id),
                facts=queries.snapshots(session, customer_id),
                statistics=queries.statistics(session, customer_id),
                events=queries.events_about(session, customer.ref),
                kept_answers=queries.kept_answers(session, customer_id),
            )
        with self._database.writing() as session:
            self._events.record(session, _about(CUSTOMER_EXPORTED, customer.ref, actor=actor, at=now))
        return held


class Erasure:
    """`forget` drops a customer's cached facts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        customers: CustomerService,
        records: TicketRecords,
        events: EventLog,
        index: TextIndex,
        forget: Callable[[str], None],
    ) -> None:
        self._database = database
        self._customers = customers
        self._records = records
        self._events = events
        self._index = index
        self._clock = clock
        self._drop_facts = forget
        self._lock = threading.Lock()
        self._lately: TTLCache[str, None] = TTLCache(MOST_REMEMBERED, LONGEST_CALL_S, timer=clock.monotonic)

    def erase(self, customer_id: str, *, actor: str) -> None:
        """In one transaction, whoever else changes the customer or the tickets. Raises `NotFound`."""
        now = self._clock.now()
        with self._database.writing() as session:
            customer = customer_queries.held(session, customer_id)
            if customer is None:
                raise NotFound("customer", customer_id)
            self._empty_tickets(session, customer, actor=actor, at=now)
            queries.erase_told_of(session, customer.ref)
            self._events.record(session, _about(CUSTOMER_ERASED, customer.ref, actor=actor, at=now))
            queries.erase_customer(session, customer_id)
            after_commit(session, partial(self._forget, customer_id))

    def forget_again(self) -> Mapping[str, int]:
        """A provider call that was under way may have brought facts since, and put them into the cache."""
        with self._lock:
            lately = list(self._lately)
        for customer_id in lately:
            self._drop_facts(customer_id)
        return {"forgotten": len(lately)}

    def _empty_tickets(
        self, session: Session, customer: models.Customer, *, actor: str, at: datetime
    ) -> None:
        """They keep their figures, and are nobody's: a record without anything in it stands in for theirs."""
        nobody: models.Customer | None = None
        self._index.remove_all_of(session, ticket_ids=(), customer_id=customer.id)
        queries.hold_tickets(session, customer.id)
        while tickets := queries.some_tickets(session, customer.id):
            if nobody is None:
                nobody = models.Customer(
                    id=new_id("erased"), ref=new_ref(), created_at=at, updated_at=at, erased_at=at
                )
                session.add(nobody)
                session.flush()
            ids = [ticket.id for ticket in tickets]
            self._index.remove_all_of(session, ticket_ids=ids, customer_id=customer.id)
            queries.erase_conversations(session, ids, in_place=IN_PLACE)
            for ticket in tickets:
                self._empty(session, ticket, nobody.id, actor=actor, at=at)
            session.flush()
            queries.erase_told_of_tickets(
                session, ids, [TICKET_CREATED.name, TICKET_UPDATED.name], TELLING_FIELDS
            )

    def _empty(self, session: Session, ticket: Ticket, nobody: str, *, actor: str, at: datetime) -> None:
        """A matter that is still open is closed: there is nobody left to answer."""
        if ticket.status in UNSETTLED and ticket.deleted_at is None:
            self._records.move(session, ticket, TicketStatus.CLOSED, actor=actor, at=at)
        ticket.customer_id = nobody
        ticket.subject = IN_PLACE
        ticket.external_id = None
        ticket.custom_fields = {}
        ticket.tags.clear()
        ticket.last_message_preview = IN_PLACE if ticket.last_message_preview is not None else None
        ticket.customer_sentiment = ticket.churn_risk = ticket.lifetime_value = None
        ticket.version += 1
        ticket.conversation_version += 1
        self._records.changed(session, ticket, TICKET_ERASED, actor=actor, at=at)

    def _forget(self, customer_id: str) -> None:
        with self._lock:
            self._lately[customer_id] = None
        self._customers.forget(customer_id)
        self._drop_facts(customer_id)


def _about(kind: EventType, ref: str, *, actor: str, at: datetime) -> Event:
    return Event(type=kind, subject_type="customer", subject_id=ref, actor=actor, at=at)


def _held_tickets(session: Session, customer_id: str) -> list[HeldTicket]:
    tickets = queries.tickets(session, customer_id)
    ids = [ticket.id for ticket in tickets]
    messages = _by_ticket(queries.of_tickets(session, Message, ids, Message.sequence))
    notes = _by_ticket(queries.of_tickets(session, Note, ids, Note.sequence))
    drafts = _by_ticket(queries.of_tickets(session, Draft, ids, Draft.generated_at))
    recommendations = _by_ticket(
        queries.of_tickets(session, StoredRecommendation, ids, StoredRecommendation.created_at)
    )
    assignments = _by_ticket(queries.of_tickets(session, Assignment, ids, Assignment.sequence))
    events = _by_ticket(queries.of_tickets(session, StoredEvent, ids, StoredEvent.id))
    return [
        HeldTicket(
            ticket,
            messages[ticket.id],
            notes[ticket.id],
            drafts[ticket.id],
            recommendations[ticket.id],
            assignments[ticket.id],
            events[ticket.id],
        )
        for ticket in tickets
    ]


def _by_ticket(parts: Iterable[Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for part in parts:
        found[part.ticket_id].append(part)
    return found
