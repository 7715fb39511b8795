from datetime import UTC, datetime

from service.assignment.strategies.rules import Rule
from service.assignment.strategies.shapes import Candidate, TicketToAssign

NEVER = datetime.min.replace(tzinfo=UTC)


class RoundRobin(Rule):
    """Whoever got a ticket longest ago; first of all those who never got one."""

    name = "round_robin"

    def rank(self, ticket: TicketToAssign, candidate: Candidate) -> datetime:
        return candidate.last_assigned_at or NEVER

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        if candidate.last_assigned_at is None:
            return "has not got a ticket yet"
        return "got the last ticket longest ago"
