"""How well the shop's own past was foretold, from what was known at the time."""

from collections.abc import Iterable
from datetime import date

import numpy as np

from providers.statistical import counting, knowing, maximising, spending
from providers.statistical.arrays import Floats
from providers.statistical.fitting import Progress, silently
from providers.statistical.measuring import measured
from providers.statistical.past import OrderDays, Standing, read
from providers.statistical.purchasing import Rates, silence
from providers.statistics import (
    Backtest,
    OrderColumns,
    PurchaseParameters,
    ShopParameters,
    SpendParameters,
)

WORSE_BY = 0.002
"""Of Brier's score: what a fit may lose against the one in use before it is refused."""


class TooShortAPast(Exception):
    """There is no earlier day with enough customers before it and the horizon after it."""


class Foretold:
    """Risks and values as they were told at the origins, beside what came of them."""

    def __init__(self) -> None:
        self._risks: list[Floats] = []
        self._silent: list[Floats] = []
        self._values: list[Floats] = []
        self._spent: list[Floats] = []

    def add(
        self, then: Standing, purchase: PurchaseParameters, spend: SpendParameters | None, horizon: int
    ) -> None:
        rates = Rates.of(purchase)
        self._risks.append(silence(rates, then.visits, horizon))
        self._silent.append(then.silent)
        if spend is None or not then.paying.any():
            return
        visits, purses = then.visits.within(then.paying), then.purses.within(then.paying)
        means = spending.mean_order(spending.Spread.of(spend), purses)
        told = np.isfinite(means)
        orders = counting.expected(rates, visits, horizon)
        self._values.append((orders * means)[told])
        self._spent.append(then.spent_after[then.paying][told])

    def backtest(self, origins: tuple[int, ...], horizon: int) -> Backtest:
        values = (np.concatenate(self._values), np.concatenate(self._spent)) if self._values else None
        return measured(
            np.concatenate(self._risks),
            np.concatenate(self._silent),
            values,
            origins=origins,
            horizon_days=horizon,
        )


def backtest(
    log: Iterable[OrderColumns],
    *,
    as_of: date,
    horizon_days: int = 90,
    origins: int = 3,
    current: ShopParameters | None = None,
    progress: Progress | None = None,
) -> tuple[Backtest, Backtest | None]:
    """Fit at each of `origins` days, the last a horizon before `as_of`, a horizon apart, and compare.

    The second is the same for the parameters in use, `current`, over the same days and customers. Raises
    `TooShortAPast`.
    """
    say = progress or silently
    days = read(log, as_of.toordinal(), say)
    fitted, in_use, usable = Foretold(), Foretold(), []
    for origin in _origins(as_of.toordinal(), horizon_days, origins):
        then = days.standing(origin, horizon_days) if days else None
        if days is None or then is None or not _enough(then, days, origin, horizon_days):
            continue
        say(f"as of {date.fromordinal(origin)}", len(then.visits.x))
        fitted.add(then, maximising.purchases(then.visits), _amounts(then, days), horizon_days)
        if current is not None and current.purchase is not None:
            spend = current.spend if current.spend and current.spend.currency == days.currency else None
            in_use.add(then, current.purchase, spend, horizon_days)
        usable.append(origin)
    if not usable:
        raise TooShortAPast
    same = tuple(usable)
    compared = current is not None and current.purchase is not None
    return fitted.backtest(same, horizon_days), in_use.backtest(same, horizon_days) if compared else None


def refusal(candidate: Backtest, current: Backtest | None) -> str | None:
    """Why parameters with the backtest `candidate` must not replace those with `current`, None where fine."""
    if current is None:
        return None
    lost = candidate.brier - current.brier
    if lost <= WORSE_BY:
        return None
    return (
        f"Brier's score would get worse by {lost:.4f}, from {current.brier:.4f} to {candidate.brier:.4f}; "
        f"up to {WORSE_BY} is accepted."
    )


def _origins(as_of: int, horizon: int, count: int) -> list[int]:
    """Oldest first."""
    return [as_of - horizon * back for back in range(count, 0, -1)]


def _enough(then: Standing, days: OrderDays, origin: int, horizon: int) -> bool:
    return (
        len(then.visits.x) >= knowing.FEWEST_CUSTOMERS
        and then.visits.x.sum() >= knowing.FEWEST_REPEATS
        and origin - days.first_day >= horizon
    )


def _amounts(then: Standing, days: OrderDays) -> SpendParameters | None:
    if days.currency is None or then.paying.sum() < knowing.FEWEST_CUSTOMERS:
        return None
    return maximising.amounts(then.purses.within(then.paying), days.currency)
