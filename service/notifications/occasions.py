"""Which event is an occasion to tell people something, and of what facts about its ticket that depends."""

from dataclasses import dataclass
from datetime import datetime

from service.feed.following import FedEvent
from service.notifications.models import Occasion

TYPES = frozenset(
    {
        *("sla.warning", "sla.breached"),
        *("ticket.assigned", "ticket.created", "ticket.updated", "ticket.risk_raised"),
    }
)
URGENT = "urgent"
AGENT_PREFIX = "agent_"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """As the ticket is now. `assignee_id`: of an agent."""

    settled: bool
    assignee_id: str | None
    team_id: str | None


def occasion_of(event: FedEvent) -> Occasion | None:
    match event.type:
        case "sla.breached":
            return Occasion.SLA_BREACHED
        case "sla.warning":
            return Occasion.SLA_WARNING
        case "ticket.assigned":
            return Occasion.TICKET_ASSIGNED
        case "ticket.risk_raised":
            return Occasion.CHURN_RISK
        case "ticket.created" | "ticket.updated" if (event.after or {}).get("priority") == URGENT:
            return Occasion.URGENT_TICKET
    return None


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
