"""What a strategy is asked, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from service.permissions import Role
from service.tickets.models import Channel, Priority


class Candidate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An agent who may get the ticket. `languages`: tags of BCP 47; `load`: tickets that are theirs now.

    No dataclass: hundreds are made for each choice, and these are no work for the garbage collector.
    """

    agent_id: str
    name: str
    role: Role
    languages: frozenset[str]
    specialisations: frozenset[str]
    load: int
    capacity: int
    last_assigned_at: datetime | None

    @property
    def has_room(self) -> bool:
        return self.load < self.capacity

    @property
    def share(self) -> float:
        """Of the capacity that is taken; only of one who has any."""
        return self.load / self.capacity


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketToAssign:
    """What is not known is None. `last_agent_id`: who had the customer's ticket before this one."""

    id: str
    priority: Priority
    channel: Channel
    tags: frozenset[str]
    language: str | None
    churn_risk: float | None
    lifetime_value: Decimal | None
    last_agent_id: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """`strategies`: the names of those that told this agent from others; `why`: a sentence."""

    candidate: Candidate
    strategies: tuple[str, ...]
    why: str

    @property
    def agent_id(self) -> str:
        return self.candidate.agent_id


class Strategy(Protocol):
    """One is asked only where more than one agent is in question, and only of those."""

    @property
    def name(self) -> str: ...

    def narrow(self, ticket: TicketToAssign, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
        """Those among whom the ticket stays while one of them can take it.

        A preference keeps somebody of whoever is there; those whom it leaves out come next. A condition
        keeps nobody of those who do not meet it; they never get the ticket.
        """

    def rank(self, ticket: TicketToAssign, candidate: Candidate) -> Any:
        """Comparable; smaller is better."""

    def why(self, ticket: TicketToAssign, candidate: Candidate) -> str | None:
        """Its part of the explanation, to be read after the agent's name; None where it did not matter."""
