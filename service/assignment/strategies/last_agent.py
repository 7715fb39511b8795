from service.assignment.strategies.rules import Preference
from service.assignment.strategies.shapes import Candidate, TicketToAssign


class LastAgent(Preference):
    """Whoever had the customer's ticket before this one."""

    name = "last_agent"

    def meets(self, ticket: TicketToAssign, candidate: Candidate) -> bool:
        return candidate.agent_id == ticket.last_agent_id

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        return "had this customer's last ticket" if self.meets(ticket, candidate) else None
