"""How much a ticket wants an agent: the order of the inbox, and each part of it in words.

All tickets that wait gain the same in an hour, so time does not change their order among each other. It is
kept as `inbox_rank`: the score less what waiting adds, counted from a fixed moment on; what is missing to
the score is then one constant for all of them (`Weights.waited`).
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Protocol

import msgspec

from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import Priority, TicketStatus

URGENCY = {Priority.URGENT: 4.0, Priority.HIGH: 3.0, Priority.NORMAL: 1.0, Priority.LOW: 0.5}
NEGATIVE = -0.05
"""Compound scores up to here are negative (Hutto & Gilbert, 2014)."""

ORIGIN = datetime(2020, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DIGITS = 4


class Scored(Protocol):
    """What of a ticket counts; None where it is not known. `lifetime_value` in whatever currency."""

    status: TicketStatus
    priority: Priority
    waiting_since: datetime | None
    customer_sentiment: float | None
    churn_risk: float | None
    lifetime_value: Decimal | None
    service_level_score: float


@dataclass(frozen=True, slots=True)
class Part:
    """`name` as on the wire; `value` in points."""

    name: str
    value: float
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """In points; `waiting` in points an hour, `value_cap` in units of currency."""

    churn: float = 3.0
    value: float = 2.0
    value_cap: float = 1_000.0
    urgency: float = 1.5
    waiting: float = 0.1
    sentiment: float = 2.0
    topic_alert: float = 5.0

    def fingerprint(self, facts_origin: str) -> str:
        """Another one where the kept ranks would be others."""
        kept = replace(self, topic_alert=0.0)
        return hashlib.sha256(msgspec.json.encode([kept, URGENCY, ORIGIN, facts_origin])).hexdigest()

    def rank(self, ticket: Scored) -> float:
        """What orders the tickets that wait, and those that do not, each among each other."""
        lasting = sum(part.value for part in self._lasting(ticket)) + (ticket.service_level_score or 0.0)
        since = unanswered_since(ticket)
        return lasting - self.waited(since) if since else lasting

    def waited(self, at: datetime) -> float:
        """To be added to the rank of a ticket that waits: its score at that time."""
        return self.waiting * ((at - ORIGIN) / HOUR)

    def score(self, ticket: Scored, at: datetime, *, alerted: bool = False) -> float:
        return round(sum(part.value for part in self.parts(ticket, at, alerted=alerted)), DIGITS)

    def parts(self, ticket: Scored, at: datetime, *, alerted: bool | None = None) -> Sequence[Part]:
        """They sum to the score. `alerted`: whether a topic alert matches, None where none was asked for."""
        parts = [*self._lasting(ticket), self._waiting(ticket, at)]
        if ticket.service_level_score:
            parts.append(Part("service_level", ticket.service_level_score, "A service level is at stake."))
        if alerted is not None:
            parts.append(
                Part("topic_alert", self.topic_alert, "A topic alert matches.")
                if alerted
                else Part("topic_alert", 0.0, "No topic alert matches.")
            )
        return [replace(part, value=round(part.value, DIGITS)) for part in parts]

    def _lasting(self, ticket: Scored) -> Iterator[Part]:
        """Those that change with the ticket and its customer, and not with time."""
        yield self._churn(ticket.churn_risk)
        yield self._value(ticket.lifetime_value)
        urgency = URGENCY[ticket.priority]
        yield Part(
            "urgency",
            urgency * self.urgency,
            f"Priority {ticket.priority}: urgency {urgency:g} times {self.urgency:g}.",
        )
        yield self._sentiment(ticket.customer_sentiment)

    def _churn(self, risk: float | None) -> Part:
        if risk is None:
            return Part("churn_risk", 0.0, "The customer's churn risk is not known, and adds nothing.")
        return Part("churn_risk", risk * self.churn, f"Churn risk {risk:g} times {self.churn:g}.")

    def _value(self, value: Decimal | None) -> Part:
        if value is None:
            return Part(
                "lifetime_value", 0.0, "The customer's lifetime value is not known, and adds nothing."
            )
        share = min(max(float(value), 0.0), self.value_cap) / self.value_cap
        return Part(
            "lifetime_value",
            share * self.value,
            f"Lifetime value {value:.2f} of at most {self.value_cap:g}, times {self.value:g}.",
        )

    def _sentiment(self, sentiment: float | None) -> Part:
        if sentiment is None:
            return Part("sentiment", 0.0, "The customer has written nothing so far.")
        if sentiment > NEGATIVE:
            return Part("sentiment", 0.0, "The customer's last message does not sound negative.")
        return Part("sentiment", self.sentiment, "The customer's last message sounds negative.")

    def _waiting(self, ticket: Scored, at: datetime) -> Part:
        since = unanswered_since(ticket)
        if since is None:
            return Part("waiting", 0.0, "No message of the customer waits for an answer.")
        hours = (at - since) / HOUR
        return Part(
            "waiting",
            hours * self.waiting,
            f"The customer has waited for {hours:.1f} hours, times {self.waiting:g}.",
        )


def unanswered_since(ticket: Scored) -> datetime | None:
    """Since when somebody is to answer; a ticket that is resolved or closed does not wait."""
    return ticket.waiting_since if ticket.status in UNSETTLED else None
