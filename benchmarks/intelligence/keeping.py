"""What keeping the statistics up costs an order: orders recorded with it and without, by turns."""

import statistics as averages
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random

from sqlalchemy import create_engine

from service.clock import SystemClock
from service.customer_base.keeping import StatisticsKeeping
from service.customer_base.services import CustomerBaseServices
from service.customers.orders import Line, NewOrder
from service.customers.services import CustomerService, OrderService
from service.database import Database, engine_options
from service.engines import normalise_url
from service.events import EventLog
from service.testing.desk import migrate
from service.text_index import TextIndex
from service.tickets.scoring import Weights
from service.tickets.services import NothingKnown, Ranking, TicketRecords, TicketService
from tests.servers import postgres_server

CUSTOMERS = 20
OF_EACH = 40
ROUNDS = 300
START = datetime(2024, 1, 1, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds an order, medians, for customers with some forty to sixty orders each.

    `bare`: without statistics. `kept`: with them. `backdated`: with them, before the last order, so that
    the customer is reckoned from the log.
    """

    database: str
    bare_ms: float
    kept_ms: float
    backdated_ms: float


class Till:
    """Records orders on one database, with the statistics kept up or not."""

    def __init__(self, database: Database) -> None:
        self._numbers = count()
        self._bare = self._recording(database, keeping=False)
        self._kept = self._recording(database, keeping=True)
        for number in range(CUSTOMERS * OF_EACH):
            self._kept.record([self._order(number % CUSTOMERS, days=number)], actor="bench")

    def bare(self) -> None:
        self._record(self._bare, later=True)

    def kept(self) -> None:
        self._record(self._kept, later=True)

    def backdated(self) -> None:
        self._record(self._kept, later=False)

    def _record(self, orders: OrderService, *, later: bool) -> None:
        number = next(self._numbers)
        days = CUSTOMERS * OF_EACH + number if later else number % 700
        orders.record([self._order(number % CUSTOMERS, days=days, later=later)], actor="bench")

    def _order(self, customer: int, *, days: int, later: bool = True) -> NewOrder:
        return NewOrder(
            external_id=f"order-{next(self._numbers)}-{later}",
            customer_id=f"customer-{customer}",
            ordered_at=START + timedelta(days=days),
            currency="EUR",
            status="paid",
            total=Decimal("49.90"),
            lines=(Line(title="Tea", quantity=2, price=Decimal("24.95"), category="tea"),),
        )

    def _recording(self, database: Database, *, keeping: bool) -> OrderService:
        clock, events = SystemClock(), EventLog()
        index = TextIndex(database.engine.dialect.name)
        customers = CustomerService(database, events, clock, index)
        if keeping:
            ranking = Ranking(database, Weights(), NothingKnown(), clock)
            tickets = TicketService(
                database, customers, TicketRecords(events, ranking, clock, Random(1)), index
            )
            base = CustomerBaseServices.over(database, clock).base
            StatisticsKeeping(base, customers, tickets).subscribe_to(events)
        return OrderService(database, customers, events, clock)


def costs() -> Iterator[Cost]:
    """On SQLite, and on a PostgreSQL of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="desk-orders-") as directory,
        _till(f"sqlite:///{Path(directory) / 'desk.db'}") as till,
    ):
        yield _cost("SQLite", till)
    with postgres_server() as server, server.new_database() as url, _till(url) as till:
        yield _cost("PostgreSQL", till)


@contextmanager
def _till(url: str) -> Iterator[Till]:
    normal = normalise_url(url)
    migrate(normal)
    engine = create_engine(normal, **engine_options(normal))
    try:
        yield Till(Database(engine))
    finally:
        engine.dispose()


def _cost(database: str, till: Till) -> Cost:
    ways: dict[str, Callable[[], None]] = {
        "bare_ms": till.bare,
        "kept_ms": till.kept,
        "backdated_ms": till.backdated,
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, record in ways.items():
            began_s = time.perf_counter()
            record()
            taken[way].append(1000 * (time.perf_counter() - began_s))
    return Cost(database, **{way: averages.median(each) for way, each in taken.items()})
