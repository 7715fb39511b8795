"""Which event is an occasion to tell people something, and of what facts about its ticket that depends."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.feed.following import FedEvent
from service.notifications.models import Occasion

CREATED = "ticket.created"
TYPES = frozenset({"sla.warning", "sla.breached", "ticket.assigned", CREATED, "ticket.updated"})
URGENT = "urgent"
AGENT_PREFIX = "agent_"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """As the ticket is now. `assignee_id`: of an agent."""

    settled: bool
    assignee_id: str | None
    team_id: str | None
    churn_risk: float | None


def occasions_of(event: FedEvent, ticket: TicketFacts, *, high_churn_risk: float) -> Iterator[Occasion]:
    """The most pressing first: who is told of one is not told of the others of the same event."""
    after = event.after or {}
    match event.type:
        case "sla.breached":
            yield Occasion.SLA_BREACHED
        case "sla.warning":
            yield Occasion.SLA_WARNING
        case "ticket.assigned":
            yield Occasion.TICKET_ASSIGNED
        case "ticket.created" | "ticket.updated":
            if after.get("priority") == URGENT:
                yield Occasion.URGENT_TICKET
            at_risk = ticket.churn_risk is not None and ticket.churn_risk >= high_churn_risk
            if event.type == CREATED and at_risk:
                yield Occasion.CHURN_RISK


def assignee_told_by(event: FedEvent, ticket: TicketFacts) -> str | None:
    """Whom the event names, else who has the ticket now."""
    after = event.after or {}
    named = after.get("agent_id") or after.get("assigned_to")
    if isinstance(named, str) and named.startswith(AGENT_PREFIX):
        return named
    return ticket.assignee_id


def happened_at(event: FedEvent) -> datetime:
    """When that came about which the event tells of: before it, where nobody was there to notice."""
    after = event.after or {}
    stated = after.get("happened_at") if after.get("late") is True else None
    try:
        at = datetime.fromisoformat(stated) if isinstance(stated, str) else event.at
    except ValueError:
        return event.at
    return at if at.tzinfo else event.at


def team_told_by(event: FedEvent, ticket: TicketFacts) -> str | None:
    named = (event.after or {}).get("team_id")
    return named if isinstance(named, str) else ticket.team_id


def agent_who_did(event: FedEvent) -> str | None:
    """The agent who caused it, who needs no telling."""
    kind, _, agent_id = event.actor.partition(":")
    return agent_id if kind == "agent" else None
