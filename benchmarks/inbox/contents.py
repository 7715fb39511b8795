"""The rows of a desk with so many open tickets, as the service itself would have written them.

Made in the order of time, from one seed. Ranks, sentiments, words and snapshots come from the functions of
the service; what a writer would have looked up, such as a customer's last facts, is known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from typing import Any

from benchmarks.inbox import words
from providers import codec
from providers.models import (
    Archetype,
    BehavioralMetrics,
    Capability,
    CustomerIntelligence,
    Predictions,
    Provenance,
    Source,
    level_of,
)
from service.text_index import TextKind, words_of
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import NOBODYS, Channel, Priority, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.sentiment import sentiment_of
from service.tickets.services.conversations import preview

Rows = dict[str, list[dict[str, Any]]]
"""By table. Those of `search_texts` have `words` in place of a document."""

PROVIDER = "quimbi"
TICKETS_PER_CUSTOMER = 5
KNOWN_CUSTOMERS = 0.8
SETTLED_PER_OPEN = 0.25
HISTORY = timedelta(days=90)
AGENTS = tuple(f"agent_{number}" for number in range(1, 11))
RARE_TAG = "recall"
BATCH = 10_000
PRIORITIES = ((Priority.URGENT, 5), (Priority.HIGH, 15), (Priority.NORMAL, 65), (Priority.LOW, 15))
CHANNELS = tuple(zip(Channel, (50, 10, 10, 20, 10), strict=True))
SETTLED = ((TicketStatus.PENDING, 15), (TicketStatus.RESOLVED, 35), (TicketStatus.CLOSED, 50))
"""The others, a quarter as many as the open ones."""

SEGMENTS = {"purchase_value": "premium", "price_sensitivity": "deal_hunter", "shopping_cadence": "weekend"}
GUIDANCE = ("Speak of quality before price.", "Offer help with sizes.", "Keep it short.")

NO_DIGITS = str.maketrans("", "", "0123456789")
sentiment = lru_cache(100_000)(sentiment_of)


@dataclass(slots=True)
class Draft:
    """Of a ticket: what its rank is made of."""

    status: TicketStatus
    priority: Priority
    waiting_since: datetime | None
    customer_sentiment: float | None
    churn_risk: float | None
    lifetime_value: Decimal | None
    service_level_score: float = 0.0


class Contents:
    """`open_tickets`, a quarter as many that are not, and a customer for each five of all.

    `opened`: ids of the open ones, a thousand at most.
    """

    def __init__(self, open_tickets: int, *, weights: Weights, now: datetime, seed: int = 11) -> None:
        self.open_tickets = open_tickets
        self.opened: list[str] = []
        self._weights = weights
        self._now = now
        self._random = Random(seed)
        self._facts: list[tuple[float | None, Decimal | None]] = []
        self._tickets = open_tickets + int(open_tickets * SETTLED_PER_OPEN)
        self.customers = max(1, self._tickets // TICKETS_PER_CUSTOMER)
        self._rare = set(self._random.sample(range(open_tickets), min(10, open_tickets)))

    def batches(self) -> Iterator[Rows]:
        yield from self._people()
        order = [True] * self.open_tickets + [False] * (self._tickets - self.open_tickets)
        self._random.shuffle(order)
        opened = 0
        for start in range(0, self._tickets, BATCH):
            rows: Rows = {"tickets": [], "ticket_tags": [], "messages": [], "events": [], "search_texts": []}
            for number in range(start, min(start + BATCH, self._tickets)):
                self._ticket(rows, number, opened if order[number] else None)
                opened += order[number]
            yield rows
        yield {"inbox_scoring": [self._scoring()]}

    def _people(self) -> Iterator[Rows]:
        for start in range(0, self.customers, BATCH):
            rows: Rows = {"customers": [], "customer_snapshots": [], "search_texts": []}
            for number in range(start, min(start + BATCH, self.customers)):
                self._customer(rows, number)
            yield rows

    def _customer(self, rows: Rows, number: int) -> None:
        name, at, key = words.name(self._random), self._now - HISTORY, f"cust_{number}"
        email = f"{name.replace(' ', '.').lower()}.{number}@example.com"
        rows["customers"].append(
            {
                "id": key,
                "ref": self._id("ref"),
                "external_ids": {},
                "name": name,
                "email": email,
                "preferences": {},
                "created_at": at,
                "updated_at": at,
            }
        )
        found_by = f"{name} {email}"
        rows["search_texts"].append(_text(TextKind.CUSTOMER, key, found_by, customer_id=key))
        if self._random.random() >= KNOWN_CUSTOMERS:
            self._facts.append((None, None))
            return
        churn, value = round(self._random.random(), 3), Decimal(self._random.randrange(250_000)) / 100
        self._facts.append((churn, value))
        rows["customer_snapshots"].append(_snapshot(key, churn, value, self._now))

    def _ticket(self, rows: Rows, number: int, opened: int | None) -> None:
        """`opened`: the how manieth of the open ones it is."""
        random, ticket_id = self._random, self._id("ticket")
        created = self._now - HISTORY + HISTORY * (number / self._tickets)
        status = TicketStatus.OPEN if opened is not None else _one(random, SETTLED)
        if (
            opened is not None
            and len(self.opened) < 1_000
            and opened % max(1, self.open_tickets // 1_000) == 0
        ):
            self.opened.append(ticket_id)
        customer = random.randrange(self.customers)
        turns = list(self._turns(number, opened))
        subject, content = words.subject(random), turns[-1][1]
        from_customer = [text for from_agent, text, _ in turns if not from_agent]
        times = [created + timedelta(minutes=after) for *_, after in turns]
        draft = Draft(
            status=status,
            priority=_one(random, PRIORITIES),
            waiting_since=None if turns[-1][0] else created,
            customer_sentiment=sentiment(_unnumbered(from_customer[-1])),
            churn_risk=self._facts[customer][0],
            lifetime_value=self._facts[customer][1],
        )
        answered = times[-1] if turns[-1][0] else None
        settled_at = times[-1] if status not in UNSETTLED else None
        rows["tickets"].append(
            {
                "id": ticket_id,
                "customer_id": f"cust_{customer}",
                "subject": subject,
                "status": status,
                "priority": draft.priority,
                "channel": _one(random, CHANNELS),
                "assigned_to": random.choice(AGENTS) if random.random() < 0.5 else None,
                "custom_fields": {},
                "owned_by": NOBODYS,
                "queued": False,
                "version": len(turns),
                "conversation_version": len(turns),
                "message_count": len(turns),
                "last_message_preview": preview(content),
                "last_message_at": times[-1],
                "last_message_from_agent": turns[-1][0],
                "waiting_since": draft.waiting_since,
                "customer_sentiment": draft.customer_sentiment,
                "churn_risk": draft.churn_risk,
                "lifetime_value": draft.lifetime_value,
                "service_level_score": 0.0,
                "waiting": draft.waiting_since is not None and status in UNSETTLED,
                "inbox_rank": self._weights.rank(draft),
                "first_response_at": answered,
                "resolved_at": settled_at if status is TicketStatus.RESOLVED else None,
                "closed_at": settled_at if status is TicketStatus.CLOSED else None,
                "created_at": created,
                "updated_at": times[-1],
            }
        )
        self._tags(rows, ticket_id, rare=opened in self._rare)
        rows["search_texts"].append(_text(TextKind.SUBJECT, ticket_id, subject, ticket_id=ticket_id))
        rows["events"].append(_created(ticket_id, created))
        for (from_agent, text, _), at in zip(turns, times, strict=True):
            self._message(rows, ticket_id, text, at, from_agent=from_agent)

    def _turns(self, number: int, opened: int | None) -> Iterator[tuple[bool, str, int]]:
        """(from an agent, what is said, minutes after the first): half have two."""
        random, more = self._random, []
        if opened is not None and opened % 10 == 0:
            more.append(words.TENTH)
        if opened in self._rare:
            more.append(words.TEN)
        yield False, words.first_message(random, number, *more), 0
        kind = random.random()
        if kind < 1 / 3:
            yield True, random.choice(words.ANSWERS), random.randrange(1, 600)
        elif kind < 1 / 2:
            yield False, words.second_message(random), random.randrange(1, 600)

    def _tags(self, rows: Rows, ticket_id: str, *, rare: bool) -> None:
        tags = [RARE_TAG] if rare else []
        if self._random.random() < 0.6:
            tags.append(self._random.choice(words.TAGS))
        rows["ticket_tags"] += [{"ticket_id": ticket_id, "tag": tag} for tag in tags]

    def _message(self, rows: Rows, ticket_id: str, text: str, at: datetime, *, from_agent: bool) -> None:
        key = self._id("message")
        rows["messages"].append(
            {
                "id": key,
                "ticket_id": ticket_id,
                "from_agent": from_agent,
                "content": text,
                "send_to_customer": from_agent,
                "created_at": at,
            }
        )
        rows["search_texts"].append(_text(TextKind.MESSAGE, key, text, ticket_id=ticket_id))

    def _scoring(self) -> dict[str, Any]:
        """So that no job ranks them anew."""
        return {"id": 1, "made_with": self._weights.fingerprint(f"{PROVIDER},fallback"), "at": self._now}

    def _id(self, kind: str) -> str:
        """As long as those of the service, and the same in every run."""
        return f"{kind}_{self._random.getrandbits(128):032x}"[: len(kind) + 23]


def _one(random: Random, weighted: Any) -> Any:
    at = random.randrange(100)
    for value, weight in weighted:
        at -= weight
        if at < 0:
            return value
    raise AssertionError


def _unnumbered(text: str) -> str:
    """Numbers have no mood, and without them few texts are all."""
    return text.translate(NO_DIGITS)


def _text(kind: TextKind, source_id: str, text: str, **owner: str) -> dict[str, Any]:
    return {"kind": kind, "source_id": source_id, "words": words_of(text), **owner}


def _created(ticket_id: str, at: datetime) -> dict[str, Any]:
    return {
        "type": "ticket.created",
        "version": 1,
        "subject_type": "ticket",
        "subject_id": ticket_id,
        "ticket_id": ticket_id,
        "actor": "bench",
        "at": at,
        "after": {"status": "open"},
        "audited": False,
    }


def _snapshot(customer_id: str, churn: float, value: Decimal, at: datetime) -> dict[str, Any]:
    answer = CustomerIntelligence(
        customer_id=customer_id,
        archetype=Archetype(id="arch_regular", level="L2", segments=SEGMENTS),
        metrics=BehavioralMetrics(lifetime_value=value, total_orders=7),
        predictions=Predictions(churn_risk=churn, churn_risk_level=level_of(churn)),
        communication_guidance=GUIDANCE,
        currency="USD",
        provenance=Provenance(provider=PROVIDER, source=Source.FRESH, as_of=at),
    )
    return {
        "customer_id": customer_id,
        "capability": Capability.ANALYZE.value,
        "arguments": "",
        "provider": PROVIDER,
        "as_of": at,
        "known": True,
        "answer": codec.encode(answer).decode(),
        "churn_risk": churn,
        "churn_risk_level": level_of(churn),
        "lifetime_value": value,
        "currency": "USD",
        "archetype_id": "arch_regular",
    }
