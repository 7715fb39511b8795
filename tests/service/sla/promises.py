"""A desk without its server, whose time a test moves: what it promised is followed, and falls due."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from providers.testing.fakes import FakeClock
from service.customers.services import CustomerService
from service.database import Database
from service.events import SLA_POLICY_CHANGED, Event, EventLog, StoredEvent
from service.feed.services import Feed, Followers, Relay
from service.sla.models import StoredPolicy
from service.sla.services import PolicyBook
from service.sla.tracking import queries
from service.sla.tracking.due import DueTargets
from service.sla.tracking.following import TargetFollower
from service.sla.tracking.judging import Points
from service.sla.tracking.keeping import TargetKeeping
from service.sla.tracking.models import ComplianceCounter, KeptTarget
from service.sla.tracking.renewing import TargetRenewing
from service.text_index import TextIndex
from service.tickets.models import Ticket, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.services import (
    ConversationService,
    FactsSource,
    NewMessage,
    NewTicket,
    PastTicketService,
    Ranking,
    ScoredFacts,
    TicketChange,
    TicketRecords,
    TicketService,
)
from service.tickets.services.past import PastMessage, PastTicket

HOUR = 3_600.0
TOLD = ("sla.warning", "sla.breached")


class Known(FactsSource):
    """What a test says is known of customers."""

    origin = "told"

    def __init__(self) -> None:
        self.known: dict[str, ScoredFacts] = {}

    def scored(self, session: Session, customer_ids: Iterable[str]) -> Mapping[str, ScoredFacts]:
        return {one: self.known[one] for one in customer_ids if one in self.known}


class Promises:
    def __init__(
        self,
        database: Database,
        *,
        clock: FakeClock | None = None,
        points: Points | None = None,
        at_once: int = 200,
    ) -> None:
        self.database, self.clock = database, clock or FakeClock()
        index = TextIndex(database.engine.dialect.name)
        self.events = EventLog()
        self.facts = Known()
        self.ranking = Ranking(database, Weights(), self.facts, self.clock)
        records = TicketRecords(self.events, self.ranking, self.clock, Random(1))
        self.conversations = ConversationService(database, records, index)
        customers = CustomerService(database, self.events, self.clock, index)
        self.tickets = TicketService(database, customers, records, index)
        self.past = PastTicketService(customers, self.conversations, records, self.events, index)
        self.followers = Followers(database, Feed(), Relay(database))
        self.book = PolicyBook(database, self.clock)
        self.keeping = TargetKeeping(self.events, self.book, self.clock, points or Points())
        self.followers.add(TargetFollower(self.keeping))
        self.due = DueTargets(database, self.keeping, self.clock, at_once=at_once)
        self.renewing = TargetRenewing(database, self.keeping, self.clock, at_once=at_once)
        self.renew()

    def new(self, priority: str = "normal", **fields: Any) -> str:
        new = NewTicket(
            customer_id="ada", subject="Parcel", initial_message="Where is it?", priority=priority, **fields
        )
        return self.tickets.create(new, actor="a").ticket.id

    def bring(self, *, days: int, status: str) -> str:
        """A ticket that was kept elsewhere."""
        now = self.clock.now()
        new = NewTicket(
            customer_id="ada", subject="Old", external_id=f"old-{days}", status=TicketStatus(status)
        )
        at = now - timedelta(days=days)
        said = PastMessage(new=NewMessage(content="Hello?", from_agent=False), at=at)
        past = PastTicket(new=new, created_at=at, messages=(said,))
        with self.database.writing() as session:
            self.past.bring(session, [past], actor="importer")
        with self.database.reading() as session:
            found = session.scalar(select(Ticket.id).where(Ticket.external_id == new.external_id))
        return str(found)

    def answer(self, ticket_id: str) -> str:
        return self.conversations.add(ticket_id, NewMessage(content="Here."), actor="agent").message.id

    def ask(self, ticket_id: str) -> str:
        said = NewMessage(content="And now?", from_agent=False)
        return self.conversations.add(ticket_id, said, actor="customer").message.id

    def change(self, ticket_id: str, **values: Any) -> None:
        self.tickets.change(ticket_id, TicketChange(values=values), actor="agent")

    def move(self, ticket_id: str, status: str) -> None:
        self.change(ticket_id, status=TicketStatus(status))

    def later(self, hours: float) -> None:
        """Time passes; nobody looks."""
        self.clock.advance(hours * HOUR)

    def follow(self) -> None:
        self.followers.catch_up()

    def look(self) -> Mapping[str, int]:
        """What falls due by now."""
        self.follow()
        return self.due.run()

    def renew(self) -> None:
        self.follow()
        while self.renewing.run()["tickets"]:
            pass

    def kept(self, ticket_id: str) -> dict[str, KeptTarget]:
        """The newest cycle of each target under which something is promised."""
        with self.database.reading() as session:
            rows = queries.kept_of(session, [ticket_id])
        rows = sorted((row for row in rows if row.policy_id), key=lambda row: row.cycle_at)
        return {str(row.target): row for row in rows}

    def statuses(self, ticket_id: str) -> dict[str, str]:
        return {target: str(row.status) for target, row in self.kept(ticket_id).items()}

    def told(self, ticket_id: str | None = None) -> list[tuple[str, str]]:
        """Type and target of what was told."""
        statement = select(StoredEvent).where(StoredEvent.type.in_(TOLD)).order_by(StoredEvent.id)
        if ticket_id is not None:
            statement = statement.where(StoredEvent.ticket_id == ticket_id)
        with self.database.reading() as session:
            return [(event.type, event.after["target"]) for event in session.scalars(statement)]

    def ticket(self, ticket_id: str) -> Ticket:
        with self.database.reading() as session:
            return session.get_one(Ticket, ticket_id)

    def counted(self, dimension: str = "all", grain: str = "day") -> dict[tuple[str, ...], int]:
        """By value, target and outcome."""
        some = (ComplianceCounter.dimension == dimension, ComplianceCounter.grain == grain)
        sums: dict[tuple[str, ...], int] = {}
        with self.database.reading() as session:
            for row in session.scalars(select(ComplianceCounter).where(*some)):
                key = (row.value, str(row.target), row.outcome)
                sums[key] = sums.get(key, 0) + row.cycles
        return {key: count for key, count in sums.items() if count}

    def set_policy(self, policy_id: str, **values: Any) -> None:
        with self.database.writing() as session:
            policy = session.get_one(StoredPolicy, policy_id)
            before = {name: getattr(policy, name) for name in values}
            for name, value in values.items():
                setattr(policy, name, value)
            policy.version += 1
            changed = Event(
                type=SLA_POLICY_CHANGED,
                subject_type="sla_policy",
                subject_id=policy_id,
                actor="manager",
                at=self.clock.now(),
                before=before,
                after=values,
            )
            self.events.record(session, changed)
