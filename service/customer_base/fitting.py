"""Fits and backtests over all customers, who are read part by part."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date
from typing import Any

from sqlalchemy import Row

from providers.ports import Clock
from providers.statistics import Backtest, CustomerStatistics, OrderColumns, StatisticsColumns
from service.customer_base import queries
from service.customer_base.keeping import CustomerBase
from service.customer_base.parameters import Fitted, ParameterVersions
from service.customer_base.rebuilding import FIRST, PART, Progress, Rebuilding, unwatched
from service.customers.services import OrderLog
from service.database import Database
from service.tickets.services import SupportCases

HORIZON_DAYS = 90
ORIGINS = 3
DOUBLED = 2


class PastTooShort(Exception):
    """Nobody had ordered yet on a day that lies a horizon back."""


class Fits:
    """numpy and scipy are loaded by the first fit: most processes never make one."""

    def __init__(
        self,
        database: Database,
        *,
        base: CustomerBase,
        versions: ParameterVersions,
        rebuilding: Rebuilding,
        orders: OrderLog,
        cases: SupportCases,
        clock: Clock,
    ) -> None:
        self._database = database
        self._base = base
        self._versions = versions
        self._rebuilding = rebuilding
        self._orders = orders
        self._cases = cases
        self._clock = clock

    def today(self) -> date:
        return self._clock.now().astimezone(UTC).date()

    def fit(self, *, by: str, force: bool = False, progress: Progress = unwatched) -> Fitted:
        """Fit to all customers as of today; use that unless it foretells the past worse than what is used.

        `force`: use it all the same.
        """
        from providers.statistical.fitting import fit  # noqa: PLC0415  # it loads numpy and scipy

        self._rebuilding.complete(progress=progress)
        as_of = self.today()
        fitted = fit(self._columns(as_of), as_of=as_of, progress=progress)
        with self._database.reading() as session:
            channels = self._cases.channels(session)
        fitted = replace(fitted, figures=replace(fitted.figures, support_channels=channels))
        try:
            in_use = self._versions.in_use()
            own, current = self.backtest(progress=progress, current=in_use)
        except PastTooShort:
            return self._versions.keep(fitted, by=by, refusal=None, adopted=True)
        why = _refusal(own, current, in_use)
        fitted = replace(fitted, backtest=own)
        return self._versions.keep(fitted, by=by, refusal=why, adopted=why is None or force)

    def fit_grown(self, *, by: str) -> Fitted | None:
        """Where customers have doubled since the last fit; the first of them counts as that."""
        newest = self._versions.newest(1)
        before = newest[0].parameters.customers if newest else 0
        with self._database.reading() as session:
            buyers = queries.count_buyers(session)
        return self.fit(by=by) if buyers >= max(1, DOUBLED * before) else None

    def backtest(
        self,
        *,
        horizon_days: int = HORIZON_DAYS,
        origins: int = ORIGINS,
        current: Fitted | None = None,
        progress: Progress = unwatched,
    ) -> tuple[Backtest, Backtest | None]:
        """Of fits to the past, and of `current` over the same days. Raises `PastTooShort`."""
        from providers.statistical.backtesting import (  # noqa: PLC0415  # it loads numpy and scipy
            TooShortAPast,
            backtest,
        )

        try:
            return backtest(
                self._log(),
                as_of=self.today(),
                horizon_days=horizon_days,
                origins=origins,
                current=current.parameters if current else None,
                progress=progress,
            )
        except TooShortAPast as error:
            raise PastTooShort from error

    def _columns(self, as_of: date) -> Iterator[StatisticsColumns]:
        after = FIRST
        while True:
            with self._database.reading() as session:
                rows = queries.fitted_after(session, after, as_of.toordinal(), PART)
                ahead = [row.customer_id for row in rows if row.last_day > as_of.toordinal()]
                earlier = self._base.from_log(session, ahead, as_of=as_of) if ahead else {}
            if not rows:
                return
            yield _columns(rows, earlier)
            after = rows[-1].customer_id

    def _log(self) -> Iterator[OrderColumns]:
        number = 0
        for those in self._rebuilding.customers(PART):
            with self._database.reading() as session:
                columns, number = self._orders.columns(session, those[0], those[-1], first_number=number)
            yield columns


def _refusal(own: Backtest, current: Backtest | None, in_use: Fitted | None) -> str | None:
    """Where it is worse than what is in use, over the same days, and than that was when it was fitted.

    Over the same days alone would be unfair: what is in use may have been fitted to them.
    """
    from providers.statistical.backtesting import refusal  # noqa: PLC0415  # it loads numpy and scipy

    before = in_use.parameters.backtest if in_use else None
    if before is not None and refusal(own, before) is None:
        return None
    return refusal(own, current)


def _columns(rows: Sequence[Row[Any]], earlier: dict[str, CustomerStatistics]) -> StatisticsColumns:
    """`earlier`: as of an earlier day than that of the last order, by customer."""
    told = [earlier.get(row.customer_id, row) for row in rows]
    return StatisticsColumns(
        first_days=[each.first_day or 0 for each in told],
        last_days=[each.last_day or 0 for each in told],
        order_days=[each.order_days for each in told],
        orders=[each.orders for each in told],
        recent_days=[
            len(each.recent_days) if isinstance(each, CustomerStatistics) else each.recent_order_days
            for each in told
        ],
        currencies=[None if each.mixed_currency else each.currency for each in told],
        positive_days=[each.positive_days for each in told],
        positive_spends=[float(each.positive_spend) for each in told],
        discounted_orders=[each.discounted_orders for each in told],
        pieces=[each.pieces for each in told],
        pieces_spends=[float(each.pieces_spend) for each in told],
    )
