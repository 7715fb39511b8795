"""Which promise a ticket is under: an ordered list of policies, of which the first that matches counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from service.sla.working_time import Calendar
from service.tickets.models import Channel, Priority

CONDITIONS = (
    "priorities",
    "channels",
    "all_tags",
    "any_tags",
    "departments",
    "min_lifetime_value",
    "min_churn_risk",
)
"""By their names on the wire and in rows."""


class Target(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFacts:
    """What policies ask of a ticket; None where it is not known.

    `lifetime_value` and `churn_risk` are those kept with the ticket, `department` is its team's.
    """

    priority: Priority
    channel: Channel
    tags: frozenset[str] = frozenset()
    lifetime_value: Decimal | None = None
    churn_risk: float | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """All of them have to hold; an empty one always does. `departments` without case.

    What is not known of a ticket is not at least anything, and of no department.
    """

    priorities: frozenset[Priority] = frozenset()
    channels: frozenset[Channel] = frozenset()
    all_tags: frozenset[str] = frozenset()
    any_tags: frozenset[str] = frozenset()
    departments: frozenset[str] = frozenset()
    min_lifetime_value: Decimal | None = None
    min_churn_risk: float | None = None

    def hold_for(self, ticket: TicketFacts) -> bool:
        return (
            (not self.priorities or ticket.priority in self.priorities)
            and (not self.channels or ticket.channel in self.channels)
            and self.all_tags <= ticket.tags
            and (not self.any_tags or not self.any_tags.isdisjoint(ticket.tags))
            and (not self.departments or (ticket.department or "").casefold() in self.departments)
            and _is_at_least(ticket.lifetime_value, self.min_lifetime_value)
            and _is_at_least(ticket.churn_risk, self.min_churn_risk)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`targets` in working time of the calendar; what is not promised is not there.

    `version` counts the changes of the policy, that of the calendar is `calendar_version`.
    """

    id: str
    name: str
    version: int
    calendar_id: str
    calendar_version: int
    calendar: Calendar = field(repr=False)
    conditions: Conditions = Conditions()
    targets: Mapping[Target, timedelta] = field(default_factory=dict)
    warning_share: float = 0.8

    def warns_after(self, target: Target) -> timedelta | None:
        """The working time after which a target is at risk."""
        promised = self.targets.get(target)
        return None if promised is None else promised * self.warning_share


@dataclass(frozen=True, slots=True)
class Policies:
    in_order: Sequence[Policy] = ()

    def matching(self, ticket: TicketFacts) -> Policy | None:
        """None where nothing is promised to such a ticket."""
        return next((policy for policy in self.in_order if policy.conditions.hold_for(ticket)), None)

    def find(self, policy_id: str) -> Policy | None:
        return next((policy for policy in self.in_order if policy.id == policy_id), None)


def _is_at_least(known: Decimal | float | None, least: Decimal | float | None) -> bool:
    return least is None or (known is not None and known >= least)
