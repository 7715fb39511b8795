"""What the statistical provider asks of the desk."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date
from typing import Any, TypeVar

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.errors import Unreachable
from providers.ports import Clock
from providers.statistics import CustomerStatistics, ShopParameters
from service.customer_base import queries
from service.customer_base.keeping import CustomerBase
from service.customer_base.parameters import LOOKED_AT_EVERY, ParameterVersions
from service.customer_base.rows import statistics_in
from service.customers.services import OrderLog
from service.database import Database, DatabaseUnavailable

T = TypeVar("T")


class DeskStatistics:
    """`providers.ports.StatisticsSource`. It writes nothing: what is due is reckoned for this one answer."""

    def __init__(
        self,
        database: Database,
        base: CustomerBase,
        versions: ParameterVersions,
        orders: OrderLog,
        clock: Clock,
    ) -> None:
        self._database = database
        self._base = base
        self._versions = versions
        self._orders = orders
        self._clock = clock
        self._lock = threading.Lock()
        self._newest: tuple[float, date | None] | None = None

    def statistics_of(self, customer_id: str, *, as_of: date) -> CustomerStatistics | None:
        return _reached(lambda: self._read(customer_id, as_of))

    def parameters(self) -> ShopParameters | None:
        fitted = _reached(self._versions.in_use)
        return fitted.parameters if fitted else None

    def newest_order_day(self) -> date | None:
        now_s = self._clock.monotonic()
        with self._lock:
            known = self._newest
        if known is not None and now_s - known[0] < LOOKED_AT_EVERY.total_seconds():
            return known[1]
        newest = _reached(self._read_newest)
        with self._lock:
            self._newest = now_s, newest
        return newest

    def _read(self, customer_id: str, as_of: date) -> CustomerStatistics | None:
        """An order of the future, or a day of the past, takes the log."""
        with self._database.reading() as session:
            row = queries.kept(session, customer_id)
            if row is not None and as_of >= self._today() and not row.orders_due:
                kept = statistics_in(row)
                if kept.last_day is None or kept.last_day <= as_of.toordinal():
                    return self._with_contacts(session, row, kept)
            elif row is None and not self._orders.knows(session, customer_id):
                return None
            return self._base.from_log(session, [customer_id], as_of=as_of)[customer_id]

    def _with_contacts(self, session: Session, row: Row[Any], kept: CustomerStatistics) -> CustomerStatistics:
        if not row.contacts_due:
            return kept
        return replace(kept, contacts=self._base.contacts(session, [row.customer_id])[row.customer_id])

    def _read_newest(self) -> date | None:
        with self._database.reading() as session:
            newest = queries.newest_day(session, self._today().toordinal())
        return date.fromordinal(newest) if newest is not None else None

    def _today(self) -> date:
        return self._clock.now().astimezone(UTC).date()


def _reached(read: Callable[[], T]) -> T:
    try:
        return read()
    except DatabaseUnavailable as error:
        raise Unreachable("the desk's own database") from error
