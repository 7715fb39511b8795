"""CDNOW's orders of 1997 and 1998, from the data files of a package that is never imported."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.metadata import files

import numpy as np

from providers.statistical.arrays import Purses, Visits
from providers.statistics import OrderColumns, OrderFact

AS_OF = date(1997, 9, 30)
HOLDOUT_DAYS = 90
WEEK = 7.0


@dataclass(frozen=True)
class Purchases:
    """One entry per order: whose, when, how much."""

    customers: tuple[int, ...]
    days: tuple[date, ...]
    amounts: tuple[str, ...]

    def columns(self) -> OrderColumns:
        return OrderColumns(
            customers=self.customers,
            days=[day.toordinal() for day in self.days],
            amounts=[float(amount) for amount in self.amounts],
            currencies=["USD"] * len(self.days),
        )

    def facts(self) -> dict[int, list[OrderFact]]:
        orders: dict[int, list[OrderFact]] = defaultdict(list)
        for customer, day, amount in zip(self.customers, self.days, self.amounts, strict=True):
            orders[customer].append(OrderFact(day=day, currency="USD", total=Decimal(amount)))
        return orders


@cache
def purchases(kind: str) -> Purchases:
    """`kind`: sample or master."""
    (path,) = (path for path in files("lifetimes") if path.name == f"CDNOW_{kind}.txt")
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    columns = rows[1:] if not rows[0][0].isdigit() else rows
    first = 1 if kind == "sample" else 0
    return Purchases(
        customers=tuple(int(row[first]) for row in columns),
        days=tuple(
            date(int(r[first + 1][:4]), int(r[first + 1][4:6]), int(r[first + 1][6:8])) for r in columns
        ),
        amounts=tuple(row[-1] for row in columns),
    )


@cache
def spending_days(kind: str) -> dict[int, dict[date, float]]:
    """Customer → day → amount, up to AS_OF."""
    spent: dict[int, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    bought = purchases(kind)
    for customer, day, amount in zip(bought.customers, bought.days, bought.amounts, strict=True):
        if day <= AS_OF:
            spent[customer][day] += float(amount)
    return spent


def visits(kind: str) -> Visits:
    spent = spending_days(kind).values()
    return Visits(
        np.array([len(days) - 1.0 for days in spent]),
        np.array([float((max(days) - min(days)).days) for days in spent]),
        np.array([float((AS_OF - min(days)).days) for days in spent]),
    )


def in_weeks(days: Visits) -> Visits:
    return Visits(days.x, days.t_x / WEEK, days.t / WEEK)


def purses(kind: str) -> Purses:
    """Of all order days of a value."""
    spent = [[amount for amount in days.values() if amount > 0] for days in spending_days(kind).values()]
    return _purses(spent)


def repeat_purses(kind: str) -> Purses:
    """Of the order days after the first, as the published figures have them."""
    spent = [
        [amount for day, amount in days.items() if day > min(days) and amount > 0]
        for days in spending_days(kind).values()
    ]
    return _purses(spent)


def _purses(spent: list[list[float]]) -> Purses:
    some = [amounts for amounts in spent if amounts]
    return Purses(np.array([float(len(amounts)) for amounts in some]), np.array([sum(a) for a in some]))
