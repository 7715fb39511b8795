"""What strategies have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Self

from service.assignment.strategies.shapes import Candidate, TicketToAssign


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyOptions:
    """From where on a customer is a VIP: `vip_value` in whatever currency, `vip_risk` from 0 to 1."""

    vip_value: Decimal = Decimal(1_000)
    vip_risk: float = 0.7


class Rule:
    """A strategy that prefers nobody; each overrides its part of it."""

    name: ClassVar[str]

    @classmethod
    def made(cls, options: StrategyOptions) -> Self:
        return cls()

    def narrow(self, ticket: TicketToAssign, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return candidates

    def rank(self, ticket: TicketToAssign, candidate: Candidate) -> Any:
        return 0

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        return None


class Preference(Rule):
    """Keeps those who meet it, where anybody does, and else all."""

    def meets(self, ticket: TicketToAssign, candidate: Candidate) -> bool:
        raise NotImplementedError

    def narrow(self, ticket: TicketToAssign, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        return [one for one in candidates if self.meets(ticket, one)] or candidates
