"""How much a ticket wants an agent: the order of the inbox, and each part of it in words.

All tickets that wait gain the same in an hour, so time does not change their order among each other. It is
kept as `inbox_rank`: the score less what waiting adds, counted from a fixed moment on; what is missing to
the score is then one constant for all of them (`Weights.waited`).

Ranks and what is added to them are multiples of 2^-24. Their sums lose nothing, in Python as in the
databases: tickets stand in one order by rank and by score, and a score leads back to its rank.
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
STEPS = 2**24
"""To a point. So sums are exact up to 2^29 points: 60 years of waiting at a thousand an hour."""


class Scored(Protocol):
    """What of a ticket counts; None where it is not known. `lifetime_value` in whatever currency."""

    status: TicketStatus
    priority: Priority
    waiting_since: datetime | None
    customer_sentiment: float | None
    churn_risk: float | None
    lifetime_value: Decimal | None
    service_level_score: float


class Ranked(Protocol):
    """What is kept of a ticket's score."""

    waiting: bool
    inbox_rank: float


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
    sla_at_risk: float = 2.0
    sla_breached: float = 4.0

    def fingerprint(self, facts_origin: str) -> str:
        """Another one where the kept ranks would be others.

        What a service level adds is kept with the ticket, and made anew by whoever keeps it.
        """
        kept = replace(self, topic_alert=0.0, sla_at_risk=0.0, sla_breached=0.0)
        made_with = [kept, URGENCY, NEGATIVE, ORIGIN, DIGITS, STEPS, facts_origin]
        return hashlib.sha256(msgspec.json.encode(made_with)).hexdigest()

    def rank(self, ticket: Scored) -> float:
        """What orders the tickets that wait, and those that do not, each among each other."""
        lasting = _in_steps(sum(part.value for part in self._lasting(ticket)))
        since = unanswered_since(ticket)
        return lasting - self.waited(since) if since else lasting

    def waited(self, at: datetime) -> float:
        """To be added to the rank of a ticket that waits: its score at that time."""
        return _in_steps(self.waiting * ((at - ORIGIN) / HOUR))

    @property
    def boost(self) -> float:
        """To be added to the rank of a ticket that a topic alert matches."""
        return _in_steps(self.topic_alert)

    def kept_score(self, ticket: Ranked, at: datetime, *, alerted: bool = False) -> float:
        """The score by the rank that is kept with the ticket: that of a page of them, in the order shown."""
        place = ticket.inbox_rank + self.waited(at) if ticket.waiting else ticket.inbox_rank
        return round(place + self.boost if alerted else place, DIGITS)

    def score(self, ticket: Scored, at: datetime, *, alerted: bool = False) -> float:
        place = self.rank(ticket)
        if unanswered_since(ticket):
            place += self.waited(at)
        return round(place + self.boost if alerted else place, DIGITS)

    def parts(self, ticket: Scored, at: datetime, *, alerted: bool | None = None) -> Sequence[Part]:
        """They sum to the score. `alerted`: whether a topic alert matches, None where none was asked for."""
        parts, score = list(self._lasting(ticket)), self.score(ticket, at)
        parts.append(self._waiting(ticket, at, points=score - sum(part.value for part in parts)))
        if alerted:
            more = self.score(ticket, at, alerted=True) - score
            parts.append(_part("topic_alert", more, "A topic alert matches."))
        elif alerted is not None:
            parts.append(Part("topic_alert", 0.0, "No topic alert matches."))
        return parts

    def _lasting(self, ticket: Scored) -> Iterator[Part]:
        """Those that change with the ticket and its customer, and not with time."""
        yield self._churn(ticket.churn_risk)
        yield self._value(ticket.lifetime_value)
        yield self._urgency(ticket.priority)
        yield self._sentiment(ticket.customer_sentiment)
        if ticket.service_level_score:
            yield self._service_level(ticket.service_level_score)

    def _churn(self, risk: float | None) -> Part:
        if risk is None:
            return Part("churn_risk", 0.0, "The customer's churn risk is not known, and adds nothing.")
        return _part("churn_risk", risk * self.churn, f"Churn risk {risk:g} times {self.churn:g}.")

    def _value(self, value: Decimal | None) -> Part:
        name = "lifetime_value"
        if value is None:
            return Part(name, 0.0, "The customer's lifetime value is not known, and adds nothing.")
        share = min(max(float(value), 0.0), self.value_cap) / self.value_cap
        return _part(
            name,
            share * self.value,
            f"Lifetime value {value:.2f} of at most {self.value_cap:g}, times {self.value:g}.",
        )

    def _urgency(self, priority: Priority) -> Part:
        urgency = URGENCY[priority]
        return _part(
            "urgency",
            urgency * self.urgency,
            f"Priority {priority}: urgency {urgency:g} times {self.urgency:g}.",
        )

    def _sentiment(self, sentiment: float | None) -> Part:
        if sentiment is None:
            return Part("sentiment", 0.0, "The customer has written nothing so far.")
        if sentiment > NEGATIVE:
            return Part("sentiment", 0.0, "The customer's last message does not sound negative.")
        return _part("sentiment", self.sentiment, "The customer's last message sounds negative.")

    def _service_level(self, points: float) -> Part:
        if points == self.sla_breached:
            told = "A time that was promised has passed."
        elif points == self.sla_at_risk:
            told = "A time that was promised has nearly passed."
        else:
            told = "A service level is at stake."
        return _part("service_level", points, told)

    def _waiting(self, ticket: Scored, at: datetime, *, points: float) -> Part:
        since = unanswered_since(ticket)
        if since is None:
            return Part("waiting", 0.0, "No message of the customer waits for an answer.")
        hours = (at - since) / HOUR
        return _part(
            "waiting", points, f"The customer has waited for {hours:.1f} hours, times {self.waiting:g}."
        )


def _part(name: str, points: float, explanation: str) -> Part:
    return Part(name, round(points, DIGITS), explanation)


def _in_steps(points: float) -> float:
    return round(points * STEPS) / STEPS


def unanswered_since(ticket: Scored) -> datetime | None:
    """Since when somebody is to answer; a ticket that is resolved or closed does not wait."""
    return ticket.waiting_since if ticket.status in UNSETTLED else None
