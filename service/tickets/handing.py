"""How a ticket comes from one assignee to the next, told with the event to whoever keeps the assignments."""

from dataclasses import dataclass
from enum import StrEnum


class AssignmentReason(StrEnum):
    MANUAL = "manual"
    AUTO = "auto"
    TRANSFER = "transfer"
    ESCALATION = "escalation"


class AssignmentEnding(StrEnum):
    TRANSFERRED = "transferred"
    UNASSIGNED = "unassigned"
    COMPLETED = "completed"
    RETURNED = "returned"
    DEACTIVATED = "deactivated"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Taker:
    """An agent as they were found in the transaction that gives them a ticket."""

    id: str
    active: bool
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """`strategies` and `why`: what chose the agent, where a rule did.

    `checked`: whether the agent has to be active and of the ticket's team; not of what was so elsewhere.
    `may_exceed`: whether beyond the agent's capacity. `field`: by which the caller named the agent.
    `ending`: of the assignment before; None where what comes next tells.
    `taker`: who gets it, where that was looked up already.
    """

    reason: AssignmentReason = AssignmentReason.MANUAL
    strategies: tuple[str, ...] = ()
    why: str | None = None
    checked: bool = True
    may_exceed: bool = False
    field: str = "assigned_to"
    ending: AssignmentEnding | None = None
    taker: Taker | None = None


BY_HAND = Handing()
AS_IT_WAS = Handing(checked=False, may_exceed=True)
"""Of tickets that were kept elsewhere until now."""
