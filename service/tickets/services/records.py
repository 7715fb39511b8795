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
from service.events import (
    TICKET_QUEUED,
    TICKET_UPDATED,
    Event,
    EventLog,
    EventType,
    about_ticket,
    differing,
)
from service.http.ownership import Bounds
from service.tickets import queries
from service.tickets.handing import AssignmentReason, Handing
from service.tickets.lifecycle import UNSETTLED, Settled
from service.tickets.models import COUNTER_SHARDS, Ticket, TicketStatus
from service.tickets.ownership import check_within, settle_owner
from service.tickets.services.ranking import Ranking

Versions = frozenset[int]


class TicketRecords:
    def __init__(
        self, events: EventLog, ranking: Ranking, clock: Clock, random: Random, *, queues_new: bool = False
    ) -> None:
        """`queues_new`: whether a new ticket that is nobody's waits to be handed out."""
        self.ranking = ranking
        self.queues_new = queues_new
        self._events = events
        self._clock = clock
        self._random = random

    def now(self) -> datetime:
        return self._clock.now()

    def held(
        self,
        session: Session,
        ticket_id: str,
        *,
        expected: Versions | None = None,
        within: Bounds | None = None,
    ) -> Ticket:
        """The ticket, which nobody else changes before this transaction ends.

        `within`: how far who asks gets. Raises `NotFound`, `Forbidden` where that is not so far, and `Stale`
        where its version is none of those expected.
        """
        ticket = queries.living(session, ticket_id, for_change=True)
        if ticket is None:
            raise NotFound("ticket", ticket_id)
        if within is not None:
            check_within(session, ticket, within)
        if expected is not None and ticket.version not in expected:
            raise Stale(f"The ticket is at version {ticket.version} by now; read it again, then repeat.")
        return ticket

    def waits(self, ticket: Ticket) -> bool:
        """Whether one that is new, or open again, is to be queued."""
        return self.queues_new and ticket.assigned_to is None and ticket.status in UNSETTLED

    def queue(
        self,
        session: Session,
        ticket: Ticket,
        *,
        actor: str,
        at: datetime,
        reason: AssignmentReason | None = None,
    ) -> None:
        """It waits to be handed out from now on. No version: whoever calls this makes one.

        `reason`: why it will be given to somebody, where it is not by rule alone.
        """
        ticket.queued, ticket.queued_as = True, reason
        queued = about_ticket(TICKET_QUEUED, ticket.id, actor=actor, at=at, after={"team_id": ticket.team_id})
        self.tell(session, ticket, [queued])

    def unqueue(self, ticket: Ticket) -> None:
        """It waits no longer, if it did. No version, as with `queue`."""
        if ticket.queued:
            ticket.queued, ticket.queued_as = False, None

    def hand(
        self,
        session: Session,
        ticket: Ticket,
        assigned_to: str | None,
        handing: Handing,
        *,
        actor: str,
        at: datetime,
        team_id: str | None,
    ) -> None:
        """To another assignee, or to nobody, of this team. Raises `InvalidField`."""
        before = _owning(ticket)
        ticket.assigned_to, ticket.team_id = assigned_to, team_id
        told = differing(before, _owning(ticket))
        if not told:
            return
        settle_owner(session, ticket, team_before=before["team_id"])
        ticket.version += 1
        ticket.updated_at = at
        changed = about_ticket(TICKET_UPDATED, ticket.id, actor=actor, at=at, at_hand=handing, **told)
        self.tell(session, ticket, [changed])

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
        opened_again = status in UNSETTLED and ticket.status not in UNSETTLED
        learnt = self.ranking.learn(session, [ticket]) if opened_again else []
        self.count(session, {ticket.status: -1, status: 1})
        settled = Settled(ticket.resolved_at, ticket.closed_at).moved(status, at)
        ticket.status = status
        ticket.resolved_at, ticket.closed_at = settled.resolved_at, settled.closed_at
        self.ranking.tell(session, learnt)

    def count(self, session: Session, changes: Mapping[TicketStatus, int]) -> None:
        shard = int(self._random.random() * COUNTER_SHARDS)
        for status, change in changes.items():
            queries.recount(session, status, change, shard=shard)


def _owning(ticket: Ticket) -> dict[str, Any]:
    return {"assigned_to": ticket.assigned_to, "team_id": ticket.team_id}


class ExternalIdTaken(Conflict):
    """By another ticket or message, maybe a deleted one."""


@contextmanager
def unique_external_id(external_id: str | None, *, of: str = "ticket") -> Iterator[None]:
    """Raises `ExternalIdTaken`."""
    try:
        yield
    except IntegrityError as error:
        if external_id is None:
            raise
        raise ExternalIdTaken(
            f"external_id: another {of} has {external_id!r}; change that one, or choose another."
        ) from error
