"""Who works at the desk of the bench, and the tickets that are to find their agents.

Two teams: the day's, whose agents are online and get the tickets that are assigned, and the night's, whose
agents are offline and whose tickets wait in the queue.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from service.agents.models import AgentStatus
from service.permissions import Role
from service.tickets.models import Channel, Priority, TicketStatus
from service.tickets.scoring import Weights

DAY, NIGHT = "team_day", "team_night"
CUSTOMERS = 1_000
TAGS = ("delivery", "billing", "returns", "product", "praise", "wholesale")
LOCALES = ("en-GB", "de-AT", "fr-FR", "es-ES", None)
LANGUAGES = (["en"], ["en", "de"], ["en", "fr"], ["en", "es", "de"])
ROLES = (Role.AGENT, Role.AGENT, Role.AGENT, Role.SENIOR_AGENT)
PROVIDERS = "fallback"

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`capacity` of each agent; `tickets` of the day's team that are nobody's, `queued` of the night's."""

    agents: int
    capacity: int
    tickets: int
    queued: int = 0
    night_agents: int = 10

    @property
    def room(self) -> int:
        """Of the day's agents together."""
        return self.agents * self.capacity

    def ticket_ids(self) -> Sequence[str]:
        return [f"ticket_day_{number}" for number in range(self.tickets)]

    def write(self, url: str) -> None:
        now = datetime.now(UTC)
        with psycopg.connect(url) as connection:
            _copy(connection, "agents", self._agents(now))
            _copy(connection, "teams", _teams(now))
            _copy(connection, "team_members", self._members(now))
            _copy(connection, "customers", _customers(now))
            _copy(connection, "tickets", self._tickets(now))
            _copy(connection, "ticket_tags", self._tags())
            _copy(connection, "ticket_counters", self._counters())
            _copy(connection, "inbox_scoring", _scoring(now))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def _staff(self) -> Iterator[tuple[str, str]]:
        """Agent and team."""
        yield from ((f"agent_day{number:019}", DAY) for number in range(self.agents))
        yield from ((f"agent_night{number:017}", NIGHT) for number in range(self.night_agents))

    def _agents(self, now: datetime) -> Iterator[Row]:
        for number, (agent_id, team_id) in enumerate(self._staff()):
            yield {
                "id": agent_id,
                "email": f"{agent_id}@desk.example",
                "name": agent_id,
                "folded_name": agent_id,
                "role": ROLES[number % len(ROLES)],
                "status": AgentStatus.ONLINE if team_id == DAY else AgentStatus.OFFLINE,
                "languages": Jsonb(LANGUAGES[number % len(LANGUAGES)]),
                "specialisations": Jsonb([*islice(cycle(TAGS), number % len(TAGS), number % len(TAGS) + 2)]),
                "capacity": self.capacity,
                "active": True,
                "version": 1,
                "created_at": now,
                "updated_at": now,
            }

    def _members(self, now: datetime) -> Iterator[Row]:
        for agent_id, team_id in self._staff():
            yield {"team_id": team_id, "agent_id": agent_id, "joined_at": now}

    def _tickets(self, now: datetime) -> Iterator[Row]:
        weights = Weights()
        for number, ticket_id in enumerate(self.ticket_ids()):
            yield _ticket(number, ticket_id, DAY, weights, now)
        for number in range(self.queued):
            yield _ticket(number, f"ticket_night_{number}", NIGHT, weights, now) | {"queued": True}

    def _tags(self) -> Iterator[Row]:
        for number, ticket_id in enumerate(self.ticket_ids()):
            yield {"ticket_id": ticket_id, "tag": TAGS[number % len(TAGS)]}

    def _counters(self) -> Iterator[Row]:
        yield {"status": TicketStatus.OPEN, "shard": 0, "tickets": self.tickets + self.queued}


@dataclass(slots=True)
class Draft:
    """Of a ticket: what its rank is made of."""

    status: TicketStatus
    priority: Priority
    waiting_since: datetime | None
    churn_risk: float | None
    lifetime_value: Decimal | None
    customer_sentiment: float | None = None
    service_level_score: float = 0.0


def _ticket(number: int, ticket_id: str, team_id: str, weights: Weights, now: datetime) -> Row:
    created = now - timedelta(minutes=number)
    draft = Draft(
        status=TicketStatus.OPEN,
        priority=tuple(Priority)[number % len(Priority)],
        waiting_since=created,
        churn_risk=None if number % 3 else (number % 100) / 100,
        lifetime_value=None if number % 3 else Decimal(number % 2_000),
    )
    return {
        "id": ticket_id,
        "customer_id": f"cust_{number % CUSTOMERS}",
        "subject": f"Where is parcel {number}?",
        "status": draft.status,
        "priority": draft.priority,
        "channel": tuple(Channel)[number % len(Channel)],
        "team_id": team_id,
        "owned_by": team_id,
        "queued": False,
        "custom_fields": Jsonb({}),
        "version": 1,
        "conversation_version": 0,
        "message_count": 0,
        "waiting_since": draft.waiting_since,
        "churn_risk": draft.churn_risk,
        "lifetime_value": draft.lifetime_value,
        "service_level_score": draft.service_level_score,
        "waiting": True,
        "inbox_rank": weights.rank(draft),
        "created_at": created,
        "updated_at": created,
    }


def _teams(now: datetime) -> Iterator[Row]:
    for team_id in (DAY, NIGHT):
        yield {
            "id": team_id,
            "name": team_id,
            "folded_name": team_id,
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }


def _customers(now: datetime) -> Iterator[Row]:
    for number in range(CUSTOMERS):
        yield {
            "id": f"cust_{number}",
            "ref": f"ref_{number}",
            "external_ids": Jsonb({}),
            "preferences": Jsonb({}),
            "locale": LOCALES[number % len(LOCALES)],
            "created_at": now,
            "updated_at": now,
        }


def _scoring(now: datetime) -> Iterator[Row]:
    """So that no job ranks them anew."""
    yield {"id": 1, "made_with": Weights().fingerprint(PROVIDERS), "at": now}


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterator[Row]) -> None:
    """All rows have the columns of the first."""
    first = next(rows, None)
    if first is None:
        return
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, first))
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write_row(tuple(first.values()))
        for row in rows:
            copy.write_row(tuple(row.values()))
