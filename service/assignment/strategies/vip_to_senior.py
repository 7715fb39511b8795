from typing import Self

from service.assignment.strategies.rules import Preference, StrategyOptions
from service.assignment.strategies.shapes import Candidate, TicketToAssign
from service.permissions import Role


class VipToSenior(Preference):
    """Who is worth much to the shop, or likely to leave it, gets a senior agent or one above.

    The facts are those that were known when the ticket was last scored; an unknown one makes no VIP.
    """

    name = "vip_to_senior"

    def __init__(self, options: StrategyOptions) -> None:
        self._value = options.vip_value
        self._risk = options.vip_risk

    @classmethod
    def made(cls, options: StrategyOptions) -> Self:
        return cls(options)

    def meets(self, ticket: TicketToAssign, candidate: Candidate) -> bool:
        return self._is_vip(ticket) is not None and _is_senior(candidate)

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        customer = self._is_vip(ticket)
        if customer is None:
            return None
        if not _is_senior(candidate):
            return f"nobody in question is senior, for {customer}"
        return f"is {_named(candidate.role)}, for {customer}"

    def _is_vip(self, ticket: TicketToAssign) -> str | None:
        """What makes the customer one, or None."""
        if ticket.lifetime_value is not None and ticket.lifetime_value >= self._value:
            return "a customer of high value"
        if ticket.churn_risk is not None and ticket.churn_risk >= self._risk:
            return "a customer at risk of leaving"
        return None


def _is_senior(candidate: Candidate) -> bool:
    return not Role.SENIOR_AGENT.outranks(candidate.role)


def _named(role: Role) -> str:
    words = role.value.replace("_", " ")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
