"""A desk made at random, full of ties, and a slow oracle that tells what its inbox has to show."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from providers.testing.fakes import FakeClock
from service.agents.models import TeamMember
from service.customers.models import Customer
from service.customers.services import found_by
from service.database import Database
from service.text_index import IndexedText, Phrase, TextIndex, TextKind, words_of
from service.tickets import queries
from service.tickets.filters import TicketFilter
from service.tickets.models import Ticket, TicketTag
from service.tickets.ownership import settle_owners
from service.tickets.scoring import Weights, unanswered_since
from service.tickets.services import NothingKnown, Ranking, Sight
from tests.service.persistence.rows import agent, team

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
TICKETS = 220
WORDS = {"parcel": 80, "late": 40, "scam": 10, "Straße": 8, "1e5abc": 6, "abc": 6, "wrong": 5, "unicorn": 1}
"""How often each stands in a text, in a hundred."""

AGENTS = tuple(f"agent_{name:_<22}" for name in ("ada", "ben", "cem", "dee"))
"""The last of them is in no team."""

TEAMS = {"team_returns": AGENTS[:2], "team_sales": AGENTS[1:3], "team_empty": ()}
LABELS = ("ann", f"agent_{'nobody':_<22}")
NAMES = ("Ada Lovelace", "Late Scam", "Grace Hopper", None)


@dataclass(frozen=True, kw_only=True)
class Sought:
    filter: TicketFilter = field(default_factory=TicketFilter)
    tag: str | None = None
    search: tuple[Phrase, ...] = ()
    alerts: tuple[Phrase, ...] = ()
    sight: Sight | None = None


@dataclass(frozen=True)
class Shown:
    ticket: Ticket
    alerted: bool
    place: Any


class RandomDesk:
    """Filled once; what is in it is held beside the database for the oracle."""

    def __init__(self, database: Database, seed: int) -> None:
        self.database = database
        self.weights = Weights()
        self._random = random.Random(seed)
        self._texts: dict[str, list[str]] = {}
        self._of_customers: dict[str, str] = {}
        self.tickets: list[Ticket] = []
        Ranking(database, self.weights, NothingKnown(), FakeClock())
        self._fill()

    def _fill(self) -> None:
        chance, index = self._random, TextIndex(self.database.engine.dialect.name)
        customers = [
            Customer(
                id=f"c{number}",
                ref=f"ref{number}",
                name=chance.choice(NAMES),
                email=chance.choice([None, f"c{number}@late.example"]),
                created_at=NOW,
                updated_at=NOW,
            )
            for number in range(25)
        ]
        with self.database.writing() as session:
            session.add_all([*customers, *(agent(id=agent_id) for agent_id in AGENTS)])
            session.add_all(team(id=team_id) for team_id in TEAMS)
            session.flush()
            session.add_all(
                TeamMember(team_id=team_id, agent_id=agent_id, joined_at=NOW)
                for team_id, members in TEAMS.items()
                for agent_id in members
            )
            texts = [found_by(each.id, each.name, each.email) for each in customers]
            self._of_customers = {text.source_id: words_of(text.text) for text in texts}
            index.add(session, texts)
            self.tickets = [self._ticket(number) for number in range(TICKETS)]
            settle_owners(session, self.tickets)
            session.add_all(self.tickets)
            session.flush()
            index.add(session, [text for ticket in self.tickets for text in self._told(ticket)])
            for ticket in self.tickets:
                if ticket.deleted_at is None:
                    queries.recount(session, ticket.status, 1, shard=chance.randrange(16))

    def _ticket(self, number: int) -> Ticket:
        chance = self._random
        at = NOW - timedelta(minutes=chance.randrange(60))
        return Ticket(
            id=f"{chance.choice('aAbB_-09')}{chance.choice('aA_-z')}{number}",
            customer_id=f"c{min(24, int(chance.expovariate(0.2)))}",
            subject="",
            status=chance.choice(["open", "open", "open", "pending", "resolved", "closed"]),
            priority=chance.choice(["urgent", "high", "normal", "low"]),
            channel=chance.choice(["email", "sms"]),
            assigned_to=chance.choice([None, *LABELS, *AGENTS]),
            team_id=chance.choice([None, None, None, *TEAMS]),
            tag_rows={TicketTag(tag=tag) for tag in chance.sample(["vip", "late", "x"], chance.randrange(3))},
            waiting_since=chance.choice([None, NOW - timedelta(hours=7.5 * chance.randrange(9))]),
            customer_sentiment=chance.choice([None, -0.9, 0.5]),
            churn_risk=chance.choice([None, 0.0, 0.1, 0.2, 0.3]),
            lifetime_value=chance.choice([None, Decimal(50), Decimal(100), Decimal("333.33"), Decimal(5000)]),
            service_level_score=chance.choice([0.0, 0.0, 0.3, 5.0]),
            deleted_at=NOW if chance.random() < 0.05 else None,
            created_at=at,
            updated_at=at + timedelta(minutes=chance.randrange(3)),
        )

    def _told(self, ticket: Ticket) -> Iterable[IndexedText]:
        for number in range(self._random.randint(1, 3)):
            said = ", ".join(word for word, often in WORDS.items() if self._random.randrange(100) < often)
            self._texts.setdefault(ticket.id, []).append(words_of(said))
            yield IndexedText(TextKind.MESSAGE, f"{ticket.id}.{number}", said, ticket_id=ticket.id)

    # ------------------------------------------------------------ the oracle

    def by_score(self, sought: Sought, at: datetime) -> list[Shown]:
        shown = [Shown(ticket, *self._scored(ticket, sought, at)) for ticket in self._matching(sought)]
        return sorted(shown, key=lambda one: (one.place, one.alerted, one.ticket.id), reverse=True)

    def by_time(self, sought: Sought, column: str, *, ascending: bool) -> list[Shown]:
        shown = [
            Shown(ticket, self._holds_any(ticket, sought.alerts), getattr(ticket, column))
            for ticket in self._matching(sought)
        ]
        return sorted(shown, key=lambda one: (one.place, one.ticket.id), reverse=not ascending)

    def _scored(self, ticket: Ticket, sought: Sought, at: datetime) -> tuple[bool, Fraction]:
        alerted = self._holds_any(ticket, sought.alerts)
        place = Fraction(self.weights.rank(ticket))
        if unanswered_since(ticket):
            place += Fraction(self.weights.waited(at))
        return alerted, place + Fraction(self.weights.boost) * alerted

    def _matching(self, sought: Sought) -> list[Ticket]:
        wanted = sought.filter
        return [
            ticket
            for ticket in self.tickets
            if ticket.deleted_at is None
            and all(
                getattr(wanted, name) in {None, getattr(ticket, name)}
                for name in ("status", "priority", "channel", "assigned_to", "team_id", "customer_id")
            )
            and (sought.tag is None or sought.tag in ticket.tags)
            and all(self._holds(ticket, phrase, customer_too=True) for phrase in sought.search)
            and (sought.sight is None or _sees(sought.sight, ticket))
        ]

    def _holds_any(self, ticket: Ticket, phrases: Sequence[Phrase]) -> bool:
        return any(self._holds(ticket, phrase) for phrase in phrases)

    def _holds(self, ticket: Ticket, phrase: Phrase, *, customer_too: bool = False) -> bool:
        texts = list(self._texts[ticket.id])
        if customer_too:
            texts.append(self._of_customers[ticket.customer_id])
        return any(f" {phrase.words} " in f" {text} " for text in texts)


def _sees(sight: Sight, ticket: Ticket) -> bool:
    """As the issue has it: one's own, one's teams', and what is no team's."""
    if ticket.assigned_to == sight.agent_id:
        return True
    if ticket.team_id is not None:
        return ticket.team_id in sight.team_ids
    teams = {team_id for team_id, members in TEAMS.items() if ticket.assigned_to in members}
    return not teams or not teams.isdisjoint(sight.team_ids)
