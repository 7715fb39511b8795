"""Which tickets a list or a count is about."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select

from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Ticket
from service.tickets.sights import Seen

Columns = TypeVar("Columns", bound=tuple[Any, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """`seen`: what the one who asks sees of them, None for everything.

    `unassigned`: only what has no assignee. `unsettled`: only what is open or pending, of whichever status.
    """

    status: str | None = None
    priority: str | None = None
    channel: str | None = None
    assigned_to: str | None = None
    team_id: str | None = None
    customer_id: str | None = None
    created_until: datetime | None = None
    seen: Seen | None = None
    unassigned: bool = False
    unsettled: bool = False

    @property
    def by_status_alone(self) -> bool:
        return replace(self, status=None) == TicketFilter()

    @property
    def owners_apart(self) -> Seen | None:
        """Whom to ask owner by owner; None where a customer, or who has the ticket, leaves few anyway."""
        if self.seen is None or self.customer_id is not None or self.assigned_to is not None:
            return None
        return self.seen.of_nobody if self.unassigned else self.seen

    @property
    def all_seen(self) -> "TicketFilter":
        return replace(self, seen=None)

    @property
    def by_owner(self) -> bool:
        return self.team_id is not None or self.owners_apart is not None

    def seen_by(self, seen: Seen) -> "TicketFilter":
        """Of one's own tickets and those of one's own teams everything is seen."""
        if self.assigned_to == seen.agent_id or self.team_id in seen.owners:
            return self
        if self.team_id is not None and self.assigned_to is None:
            return replace(self, assigned_to=seen.agent_id)
        return replace(self, seen=seen)

    def apply(self, statement: Select[Columns]) -> Select[Columns]:
        statement = statement.where(Ticket.deleted_at.is_(None))
        for column, wanted in (
            (Ticket.status, self.status),
            (Ticket.priority, self.priority),
            (Ticket.channel, self.channel),
            (Ticket.assigned_to, self.assigned_to),
            (Ticket.owned_by, self.team_id),  # of which an index is sorted, but it may be an agent's id, too
            (Ticket.team_id, self.team_id),
            (Ticket.customer_id, self.customer_id),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if self.unassigned:
            statement = statement.where(Ticket.assigned_to.is_(None))
        if self.unsettled and self.status is None:
            statement = statement.where(Ticket.status.in_(UNSETTLED))
        if self.created_until is not None:
            statement = statement.where(Ticket.created_at <= self.created_until)
        if self.seen is not None:
            statement = statement.where(self.seen.holds(Ticket.owned_by, Ticket.assigned_to))
        return statement
