"""What every change of a ticket has in common: the row is held, its version grows, an event tells of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock, Random
from service.database import concerns
from service.errors import Conflict, NotFound, Stale
from service.events import TICKET_UPDATED, Event, EventLog, EventType, about_ticket
from service.tickets import queries
from service.tickets.lifecycle import UNSETTLED, Settled
from service.tickets.models import COUNTER_SHARDS, Ticket, TicketStatus
from service.tickets.services.ranking import Ranking

Versions = frozenset[int]


class TicketRecords:
    def __init__(self, events: EventLog, ranking: Ranking, clock: Clock, random: Random) -> None:
        self.ranking = ranking
        self._events = events
        self._clock = clock
        self._random = random

    def now(self) -> datetime:
        return self._clock.now()

    def held(self, session: Session, ticket_id: str, *, expected: Versions | None = None) -> Ticket:
        """The ticket, which nobody else changes before this transaction ends.

        Raises `NotFound`, and `Stale` where its version is none of those expected.
        """
        ticket = queries.living(session, ticket_id, for_change=True)
        if ticket is None:
            raise NotFound("ticket", ticket_id)
        if expected is not None and ticket.version not in expected:
            raise Stale(f"The ticket is at version {ticket.version} by now; read it again, then repeat.")
        return ticket

    def changed(
        self,
        session: Session,
        ticket: Ticket,
        kind: EventType,
        *,
        actor: str,
        at: datetime,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        personal: Mapping[str, Any] | None = None,
    ) -> None:
        """One change is one version, however many events tell of it."""
        ticket.updated_at = at
        event = about_ticket(
            kind, ticket.id, actor=actor, at=at, before=before, after=after, personal=personal
        )
        self.tell(session, ticket, [event])

    def tell(self, session: Session, ticket: Ticket, events: Sequence[Event]) -> None:
        concerns(session, ticket.customer_id)
        self._events.record_all(session, events)

    def move(
        self, session: Session, ticket: Ticket, status: TicketStatus, *, actor: str, at: datetime
    ) -> None:
        before = ticket.status
        if status is before:
            return
        self.settle(session, ticket, status, at)
        self.changed(
            session,
            ticket,
            TICKET_UPDATED,
            actor=actor,
            at=at,
            before={"status": before},
            after={"status": status},
        )

    def settle(self, session: Session, ticket: Ticket, status: TicketStatus, at: datetime) -> None:
        """The new status with its times, its counters and its place in the inbox, and no event."""
        if status in UNSETTLED and ticket.status not in UNSETTLED:
            self.ranking.take_facts(session, [ticket])
        self.count(session, {ticket.status: -1, status: 1})
        settled = Settled(ticket.resolved_at, ticket.closed_at).moved(status, at)
        ticket.status = status
        ticket.resolved_at, ticket.closed_at = settled.resolved_at, settled.closed_at

    def count(self, session: Session, changes: Mapping[TicketStatus, int]) -> None:
        shard = int(self._random.random() * COUNTER_SHARDS)
        for status, change in changes.items():
            queries.recount(session, status, change, shard=shard)


@contextmanager
def unique_external_id(external_id: str | None, *, of: str = "ticket") -> Iterator[None]:
    """Raises `Conflict` where another one, maybe a deleted one, has it."""
    try:
        yield
    except IntegrityError as error:
        if external_id is None:
            raise
        raise Conflict(
            f"external_id: another {of} has {external_id!r}; change that one, or choose another."
        ) from error
