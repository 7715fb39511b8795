"""What a shop's customers tell of each other: the parameters, by maximum likelihood."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date

import numpy as np

from providers.statistical import archetypes, knowing, maximising
from providers.statistical.arrays import Purses, Shoppers, Visits, gather
from providers.statistical.purchasing import risk
from providers.statistics import (
    ShopFigures,
    ShopParameters,
    SpendParameters,
    StatisticsColumns,
    TypicalRepeater,
)

MODEL = "mbg-nbd+gamma-gamma/1"
HORIZON_DAYS = 90.0
VALUE_CUTS = (50.0, 150.0)
LOPSIDED = 0.9
"""Where more than this share of the customers lie on one side of both cuts, the shop gets cuts of its own."""
FEWEST_FOR_DECILES = 20

Progress = Callable[[str, int], None]
"""Called with what is being done and how much of it is done, in customers."""


def fit(
    columns: Iterable[StatisticsColumns], *, as_of: date, progress: Progress | None = None
) -> ShopParameters:
    """The parameters as of a day; those who ordered first after it are left out.

    The rest must be as of that day already. Never raises for an odd shop: `purchase` is None then. Without
    `version`, `backtest` and `figures.support_channels`, which the host adds.
    """
    say = progress or silently
    shoppers = gather(_counted(columns, say), as_of.toordinal())
    if shoppers is None:
        return _of_nobody(as_of.toordinal())
    say("purchases", len(shoppers))
    purchase = maximising.purchases(shoppers.visits) if len(shoppers) >= knowing.FEWEST_CUSTOMERS else None
    say("amounts", int(shoppers.paying.sum()))
    spend = fit_amounts(shoppers)
    figures = _figures(shoppers)
    say("archetypes", len(shoppers))
    parameters = ShopParameters(
        model=MODEL,
        as_of=as_of.toordinal(),
        first_day=shoppers.first_day,
        last_day=shoppers.last_day,
        customers=len(shoppers),
        repeat_order_days=int(shoppers.visits.x.sum()),
        watched=knowing.watched(shoppers.visits.t),
        purchase=purchase,
        spend=spend,
        typical=_typical(shoppers.visits),
        figures=figures,
        archetypes=archetypes.shares(shoppers, figures, spend),
    )
    return _with_unknown(parameters, shoppers.visits)


def fit_amounts(shoppers: Shoppers) -> SpendParameters | None:
    """None where too few pay in the shop's currency."""
    if shoppers.currency is None or shoppers.paying.sum() < knowing.FEWEST_CUSTOMERS:
        return None
    return maximising.amounts(shoppers.purses.within(shoppers.paying), shoppers.currency)


def _counted(columns: Iterable[StatisticsColumns], say: Progress) -> Iterator[StatisticsColumns]:
    read = 0
    for part in columns:
        read += len(part.first_days)
        say("customers", read)
        yield part


def _typical(visits: Visits) -> TypicalRepeater | None:
    repeats = visits.x > 0
    if repeats.sum() < knowing.FEWEST_REPEATS:
        return None
    again = visits.within(repeats)
    return TypicalRepeater(
        recency=float(np.median(again.t - again.t_x)),
        order_days=float(np.median(again.x)) + 1,
        tenure=float(np.median(again.t)),
    )


def _figures(shoppers: Shoppers) -> ShopFigures:
    discounted, orders = float(shoppers.discounted.sum()), float(shoppers.orders.sum())
    priced = shoppers.paying & (shoppers.pieces > 0) & (shoppers.pieces_spent > 0)
    prices = shoppers.pieces_spent[priced] / shoppers.pieces[priced]
    enough = len(prices) >= FEWEST_FOR_DECILES
    deciles = np.quantile(prices, np.arange(1, 10) / 10).tolist() if enough else ()
    return ShopFigures(
        discounted_share=discounted / orders if discounted else None,
        value_cuts=value_cuts(shoppers.purses.within(shoppers.paying)),
        piece_prices=tuple(deciles),
    )


def value_cuts(purses: Purses) -> tuple[float, float]:
    """The catalogue's 50 and 150, but where these would put nearly all customers into one segment."""
    if not len(purses.n):
        return VALUE_CUTS
    means = purses.spent / purses.n
    segments = np.bincount(np.searchsorted(np.array(VALUE_CUTS), means), minlength=3)
    if segments.max() <= LOPSIDED * len(means):
        return VALUE_CUTS
    middle = float(np.exp(np.log(means).mean()))
    return middle / 3**0.5, middle * 3**0.5


def _with_unknown(parameters: ShopParameters, visits: Visits) -> ShopParameters:
    """With the share of customers of whom the risk of the usual horizon is not told, by reason."""
    whole = knowing.of_shop(parameters, parameters.as_of, HORIZON_DAYS)
    if whole is not None or parameters.purchase is None:
        return replace(parameters, unknown={str(whole): 1.0})
    uncertain = float(knowing.too_uncertain(risk(parameters.purchase, visits, HORIZON_DAYS)).mean())
    return replace(parameters, unknown={str(knowing.Why.TOO_UNCERTAIN): uncertain} if uncertain else {})


def _of_nobody(as_of: int) -> ShopParameters:
    return ShopParameters(
        model=MODEL,
        as_of=as_of,
        first_day=as_of,
        last_day=as_of,
        customers=0,
        repeat_order_days=0,
        watched=(0,) * knowing.WATCHED_STEPS,
        purchase=None,
        spend=None,
        typical=None,
        figures=ShopFigures(discounted_share=None, value_cuts=VALUE_CUTS),
    )


def silently(doing: str, done: int) -> None:
    """For those who did not ask for progress."""
