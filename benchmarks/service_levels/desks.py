"""Desks of different sizes in one process, each on a database of its own, on clocks that the bench moves."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy import create_engine, select

from benchmarks.service_levels.filling import fill
from providers.testing.clock import FakeClock
from service.agents.services import AgentDirectory
from service.customers.services import CustomerService
from service.database import Database, engine_options, normalise_url
from service.events import SLA_BREACHED, EventLog, StoredEvent
from service.sla.services import PolicyBook
from service.sla.tracking.judging import Points
from service.sla.tracking.keeping import TargetKeeping
from service.sla.tracking.services import Tracking
from service.testing.desk import migrate
from service.text_index import TextIndex
from service.tickets.filters import TicketFilter
from service.tickets.models import Priority, TicketStatus
from service.tickets.scoring import Weights
from service.tickets.services import (
    InboxPage,
    InboxService,
    NewTicket,
    NothingKnown,
    Ranking,
    TicketRecords,
    TicketService,
    Wanted,
)
from tests.servers import postgres_server

LENGTH = timedelta(minutes=30)
"""Of the first response to an urgent ticket."""

PAGE = 25
AT_ONCE = 100


class Desk:
    """`clock` stands still unless it is moved."""

    def __init__(self, size: int, url: str) -> None:
        self.size, self.url = size, normalise_url(url)
        self.database = Database(create_engine(self.url, **engine_options(self.url)))
        self.set_clock(FakeClock(datetime.now(UTC)))
        self.tracking.renewing.run()  # nothing is there yet that would be made otherwise

    def set_clock(self, clock: FakeClock) -> None:
        self.clock = clock
        index, events = TextIndex("postgresql"), EventLog()
        weights = Weights()
        ranking = Ranking(self.database, weights, NothingKnown(), self.clock)
        records = TicketRecords(events, ranking, self.clock, Random(1))
        customers = CustomerService(self.database, events, self.clock, index)
        self._tickets = TicketService(self.database, customers, records, index)
        book, directory = PolicyBook(self.database, self.clock), AgentDirectory(self.database, self.clock)
        self._keeping = TargetKeeping(events, book, self.clock, Points())
        self.tracking = Tracking.over(
            self.database, events=events, book=book, directory=directory, clock=self.clock, points=Points()
        )
        self._inbox = InboxService(self.database, index, weights, self.clock, directory)

    @property
    def name(self) -> str:
        return f"{self.size:,}"

    def make(self, count: int) -> list[str]:
        """Urgent tickets, whose promises are followed; their ids."""
        made = [self._new() for _ in range(count)]
        for start in range(0, count, AT_ONCE):
            with self.database.writing() as session:
                self._keeping.bring_up(session, made[start : start + AT_ONCE])
        return made

    def _new(self) -> str:
        new = NewTicket(
            customer_id="cust_1",
            subject="Where is my parcel?",
            priority=Priority.URGENT,
            initial_message="It was to be here on Monday.",
        )
        return self._tickets.create(new, actor="bench").ticket.id

    def first_pages(self) -> None:
        """Of the inbox: the first, and by its cursor the next one."""
        wanted = Wanted(filter=TicketFilter(status=TicketStatus.OPEN))
        first = self._inbox.by_score(wanted, InboxPage(limit=PAGE))
        cursor = first.listing.pagination.next_cursor
        if cursor is not None:
            self._inbox.by_score(wanted, InboxPage(limit=PAGE, cursor=InboxPage.decoded(cursor)))

    def breaches(self, ticket_ids: Sequence[str]) -> list[tuple[datetime, datetime]]:
        """When each was told, and when it was to be."""
        statement = select(StoredEvent.at, StoredEvent.after).where(
            StoredEvent.ticket_id.in_(ticket_ids), StoredEvent.type == SLA_BREACHED.name
        )
        with self.database.reading() as session:
            return [
                (at, datetime.fromisoformat(after["happened_at"])) for at, after in session.execute(statement)
            ]


@contextmanager
def desks(sizes: Sequence[int]) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        made = []
        for size in sizes:
            url = stack.enter_context(server.new_database())
            migrate(normalise_url(url))
            desk = Desk(size, url)
            stack.callback(desk.database.close)
            fill(url, size)
            made.append(desk)
        yield made
