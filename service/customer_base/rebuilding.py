"""Reckoning customers from their log: those that are due, those never counted, or everybody."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from service.customer_base import queries
from service.customer_base.keeping import CustomerBase
from service.customers.services import OrderLog
from service.database import Database

BATCH = 500
"""Customers in one transaction, so that nobody waits long for SQLite's write lock."""

PART = 10_000
FIRST = ""

Progress = Callable[[str, int], None]
"""Told what is being done, and how much of it is done."""


def unwatched(_doing: str, _done: int) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """`wrong`: rows that were due, or not as the log has them."""

    customers: int
    wrong: int


class Rebuilding:
    def __init__(self, database: Database, base: CustomerBase, orders: OrderLog) -> None:
        self._database = database
        self._base = base
        self._orders = orders

    def bring_up(self, *, progress: Progress = unwatched) -> int:
        """Reckon those that are due; how many those were."""
        done = 0
        while batch := self._bring_up():
            done += batch
            progress("customers brought up to date", done)
        return done

    def complete(self, *, progress: Progress = unwatched) -> int:
        """Also those of whom nothing was ever counted: a desk had orders before it counted any."""
        for those in self.customers(PART):
            with self._database.reading() as session:
                known = queries.known_between(session, those[0], those[-1])
            self._make_due([each for each in those if each not in known])
        return self.bring_up(progress=progress)

    def rebuild(self, *, those: Sequence[str] | None = None, progress: Progress = unwatched) -> Rebuilt:
        """Everybody, or `those`, from nothing but the log."""
        done = wrong = 0
        for batch in self.customers(BATCH) if those is None else batched(those, BATCH):
            self._make_due(batch)
            with self._database.writing() as session:
                wrong += self._base.reckon(session, batch)
            done += len(batch)
            progress("customers rebuilt", done)
        return Rebuilt(customers=done, wrong=wrong)

    def customers(self, limit: int) -> Iterator[Sequence[str]]:
        """Everybody's ids, so many at once, in their order."""
        after = FIRST
        while True:
            with self._database.reading() as session:
                those = self._orders.customers_after(session, after, limit)
            if not those:
                return
            yield those
            after = those[-1]

    def _bring_up(self) -> int:
        """Some of those that are due; how many, 0 once none is left."""
        with self._database.reading() as session:
            those = queries.due(session, BATCH)
        if those:
            with self._database.writing() as session:
                self._base.reckon(session, those)
        return len(those)

    def _make_due(self, customer_ids: Sequence[str]) -> None:
        """Those without a row. Committed before they are reckoned: who changes them meanwhile must see it."""
        for batch in batched(customer_ids, BATCH):
            with self._database.writing() as session:
                queries.insert_due(session, batch)


def batched(customer_ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (customer_ids[start : start + size] for start in range(0, len(customer_ids), size))
