"""How each promise to a ticket stands, by its history and the policies, at a moment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from service.sla.policies import Policy
from service.sla.timeline import Cycle, State, Status, Terms, state
from service.sla.tracking.histories import TrackedTicket


@dataclass(frozen=True, slots=True)
class Judged:
    """`terms`: what the policy promises for the target."""

    cycle: Cycle
    policy: Policy
    terms: Terms
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """That a ticket gains in the inbox by its worst target which is not met."""

    at_risk: float = 2.0
    breached: float = 4.0

    def of(self, status: Status) -> float:
        return {Status.AT_RISK: self.at_risk, Status.BREACHED: self.breached}.get(status, 0.0)

    def of_ticket(self, ticket: TrackedTicket, unmet: Iterator[Status]) -> float:
        """None for what is settled or deleted: it is nobody's task."""
        if ticket.settled or ticket.deleted:
            return 0.0
        return max((self.of(status) for status in unmet), default=0.0)


def promised(policy: Policy | None, cycle: Cycle) -> Terms | None:
    if policy is None or cycle.target not in policy.targets:
        return None
    length = policy.targets[cycle.target]
    return Terms(calendar=policy.calendar, length=length, warn_after=length * policy.warning_share)


def judge(policy: Policy | None, cycle: Cycle, now: datetime) -> Judged | None:
    """None where the policy promises nothing for the target."""
    terms = promised(policy, cycle)
    if policy is None or terms is None:
        return None
    return Judged(cycle, policy, terms, state(cycle, terms, now))
