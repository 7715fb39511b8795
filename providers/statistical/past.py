"""The log of orders as order days, and how customers stood on a day of the past."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from providers.statistical.arrays import Flags, Floats, Purses, Visits, commonest
from providers.statistical.fitting import Progress
from providers.statistics import OrderColumns

Integers = NDArray[np.int64]
ENOUGH_DAYS = 1 << 22
"""Above any ordinal: a customer and a day make one number."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Customers who had ordered by a day, and what came within the horizon after it.

    `silent`: 1 where no order came. `paying`: in the shop's currency alone. `spent_after`: net.
    """

    visits: Visits
    purses: Purses
    paying: Flags
    silent: Floats
    spent_after: Floats


@dataclass(frozen=True, slots=True)
class OrderDays:
    """One row per customer and day, by customer and then by day. `single`: pays in `currency` alone."""

    customers: Integers
    days: Integers
    amounts: Floats
    single: Flags
    currency: str | None

    @property
    def first_day(self) -> int:
        return int(self.days.min())

    def standing(self, origin: int, horizon: int) -> Standing | None:
        """None where nobody had ordered by then."""
        before = self.days <= origin
        if not before.any():
            return None
        customers, days, amounts = self.customers[before], self.days[before], self.amounts[before]
        starts = np.flatnonzero(np.diff(customers, prepend=-1))
        who, counts = customers[starts], np.diff(np.append(starts, len(customers)))
        first, last = days[starts], days[starts + counts - 1]
        positive = np.maximum(amounts, 0)
        purses = Purses(
            np.add.reduceat((amounts > 0).astype(np.float64), starts), np.add.reduceat(positive, starts)
        )
        after = (self.days > origin) & (self.days <= origin + horizon)
        size = len(self.single)
        came = np.bincount(self.customers[after], minlength=size)[who]
        return Standing(
            visits=Visits(
                counts - 1.0, (last - first).astype(np.float64), (origin - first).astype(np.float64)
            ),
            purses=purses,
            paying=self.single[who] & (purses.n > 0),
            silent=(came == 0).astype(np.float64),
            spent_after=sums(self.customers[after], self.amounts[after], size)[who],
        )


def read(log: Iterable[OrderColumns], as_of: int, say: Progress) -> OrderDays | None:
    """None where there is no order up to the day."""
    parts: list[tuple[Integers, Integers, Floats, NDArray[np.str_]]] = []
    rows = 0
    for part in log:
        rows += len(part.days)
        say("orders", rows)
        days = np.asarray(part.days, dtype=np.int64)
        kept = days <= as_of
        parts.append(
            (
                np.asarray(part.customers, dtype=np.int64)[kept],
                days[kept],
                np.asarray(part.amounts, dtype=np.float64)[kept],
                np.asarray(part.currencies, dtype="U3")[kept],
            )
        )
    if not sum(len(part[0]) for part in parts):
        return None
    ids, days, amounts, currencies = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _merged(ids, days, amounts, currencies)


def _merged(ids: Integers, days: Integers, amounts: Floats, currencies: NDArray[np.str_]) -> OrderDays:
    _, customers = np.unique(ids, return_inverse=True)
    currency = commonest(currencies)
    other = currencies != (currency or "")
    single = np.bincount(customers, other, minlength=customers.max() + 1) == 0
    key, rows = np.unique(customers * ENOUGH_DAYS + days, return_inverse=True)
    return OrderDays(
        customers=key // ENOUGH_DAYS,
        days=key % ENOUGH_DAYS,
        amounts=sums(rows, amounts, len(key)),
        single=single,
        currency=currency,
    )


def sums(of: Integers, amounts: Floats, size: int) -> Floats:
    return np.bincount(of, amounts, minlength=size).astype(np.float64)
