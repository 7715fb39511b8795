"""Small shops of known orders, and what is fitted to them."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import numpy as np

from providers.statistical.fitting import fit
from providers.statistical.purchasing import Rates
from providers.statistics import (
    CustomerStatistics,
    OrderFact,
    ShopParameters,
    StatisticsColumns,
    summarise,
)
from tests.providers.statistical.simulating import order_times

RATES = Rates(r=0.8, alpha=60.0, a=0.9, b=2.0)


def order(day: date, total: str | int = 40, **more) -> OrderFact:
    return OrderFact(day=day, **{"currency": "EUR", "total": Decimal(total)} | more)


@cache
def shop(today: date, customers: int = 400, days: int = 800, seed: int = 1) -> dict[str, list[OrderFact]]:
    """Of customers who order by RATES and came over time; the last of them ordered lately."""
    random = np.random.default_rng(seed)
    tenures = random.integers(1, days, customers).astype(float)
    orders: dict[str, list[OrderFact]] = {}
    for number, (times, tenure) in enumerate(zip(order_times(RATES, tenures, random), tenures, strict=True)):
        first = today - timedelta(days=int(tenure))
        mean = 300 / random.gamma(4, 1)
        orders[f"customer_{number}"] = [
            order(first + timedelta(days=int(at)), f"{random.gamma(6, mean / 6) + 1:.2f}") for at in times
        ]
    return orders


def columns(statistics: Sequence[CustomerStatistics]) -> StatisticsColumns:
    """As a host keeps them."""
    some = [each for each in statistics if each.order_days]
    return StatisticsColumns(
        first_days=[each.first_day or 0 for each in some],
        last_days=[each.last_day or 0 for each in some],
        order_days=[each.order_days for each in some],
        orders=[each.orders for each in some],
        recent_days=[len(each.recent_days) for each in some],
        currencies=[None if each.mixed_currency else each.currency for each in some],
        positive_days=[each.positive_days for each in some],
        positive_spends=[float(each.positive_spend) for each in some],
        discounted_orders=[each.discounted_orders for each in some],
        pieces=[each.pieces for each in some],
        pieces_spends=[float(each.pieces_spend) for each in some],
    )


def fitted_on(orders: Mapping[str, Sequence[OrderFact]], as_of: date) -> ShopParameters:
    return fit([columns([summarise(each, as_of=as_of) for each in orders.values()])], as_of=as_of)
