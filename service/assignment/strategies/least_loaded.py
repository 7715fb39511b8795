from service.assignment.strategies.rules import Rule
from service.assignment.strategies.shapes import Candidate, TicketToAssign


class LeastLoaded(Rule):
    """The smallest share of the own capacity: who can carry more gets more."""

    name = "least_loaded"

    def rank(self, ticket: TicketToAssign, candidate: Candidate) -> float:
        return candidate.share

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        return (
            f"carries {candidate.load} of {candidate.capacity} tickets, the least share of those in question"
        )
