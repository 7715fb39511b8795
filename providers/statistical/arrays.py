"""What the model reads of customers, as arrays with one entry per customer. Times are days."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from providers.statistics import CustomerStatistics, StatisticsColumns

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


MANY = 1_000


def by_count(function: Callable[[Floats], Floats], counts: Floats) -> Floats:
    """`function` of whole numbers, of which many customers share few: each is worked out once."""
    if len(counts) < MANY:
        return np.asarray(function(counts))
    whole = counts.astype(np.int64)
    met = np.flatnonzero(np.bincount(whole))
    table = np.zeros(met[-1] + 1)
    table[met] = function(met.astype(np.float64))
    return np.asarray(table[whole])


@dataclass(frozen=True, slots=True)
class Visits:
    """`x`: order days after the first. `t_x`: first to last. `t`: first order to as-of, T in the papers."""

    x: Floats
    t_x: Floats
    t: Floats

    @classmethod
    def of(cls, statistics: CustomerStatistics, as_of: int) -> Self:
        """Of one customer, who has ordered."""
        first, last = statistics.first_day or 0, statistics.last_day or 0
        return cls(
            np.array([statistics.order_days - 1.0]),
            np.array([float(last - first)]),
            np.array([as_of - first + 0.0]),
        )

    def within(self, rows: Flags) -> "Visits":
        return Visits(self.x[rows], self.t_x[rows], self.t[rows])


@dataclass(frozen=True, slots=True)
class Purses:
    """`n`: order days of a value above 0. `spent`: their sum, in one currency."""

    n: Floats
    spent: Floats

    @classmethod
    def of(cls, statistics: CustomerStatistics) -> Self:
        return cls(np.array([float(statistics.positive_days)]), np.array([float(statistics.positive_spend)]))

    def within(self, rows: Flags) -> "Purses":
        return Purses(self.n[rows], self.spent[rows])


@dataclass(frozen=True, slots=True)
class Shoppers:
    """All customers that have ordered by a day, as a fit reads them. `paying`: in its currency."""

    visits: Visits
    purses: Purses
    paying: Flags
    currency: str | None
    recent_days: Floats
    orders: Floats
    discounted: Floats
    pieces: Floats
    pieces_spent: Floats
    first_day: int
    last_day: int

    def __len__(self) -> int:
        return len(self.visits.x)


def gather(parts: Iterable[StatisticsColumns], as_of: int) -> Shoppers | None:
    """None where nobody has ordered by then. The shop's currency is what most of its customers pay in."""
    numbers: list[tuple[Floats, ...]] = []
    currencies: list[NDArray[np.str_]] = []
    for part in parts:
        columns = tuple(np.asarray(getattr(part, name), dtype=np.float64) for name in NUMBERS)
        numbers.append(columns)
        currencies.append(np.array([currency or "" for currency in part.currencies], dtype="U3"))
    if not numbers:
        return None
    joined = dict(zip(NUMBERS, map(np.concatenate, zip(*numbers, strict=True)), strict=True))
    paid_in = np.concatenate(currencies)
    begun = (joined["first_days"] <= as_of) & (joined["order_days"] > 0)
    if not begun.any():
        return None
    joined = {name: column[begun] for name, column in joined.items()}
    return _shoppers(joined, paid_in[begun], as_of)


NUMBERS = (
    "first_days",
    "last_days",
    "order_days",
    "orders",
    "recent_days",
    "positive_days",
    "positive_spends",
    "discounted_orders",
    "pieces",
    "pieces_spends",
)


def _shoppers(columns: dict[str, Floats], paid_in: NDArray[np.str_], as_of: int) -> Shoppers:
    currency = commonest(paid_in)
    first, last = columns["first_days"], np.minimum(columns["last_days"], as_of)
    purses = Purses(columns["positive_days"], columns["positive_spends"])
    return Shoppers(
        visits=Visits(columns["order_days"] - 1, last - first, as_of - first),
        purses=purses,
        paying=(paid_in == (currency or " ")) & (purses.n > 0) & (purses.spent > 0),
        currency=currency,
        recent_days=columns["recent_days"],
        orders=columns["orders"],
        discounted=columns["discounted_orders"],
        pieces=columns["pieces"],
        pieces_spent=columns["pieces_spends"],
        first_day=int(first.min()),
        last_day=int(last.max()),
    )


def commonest(currencies: NDArray[np.str_]) -> str | None:
    """The first in the alphabet of those that are met most often; blanks do not count."""
    names, counts = np.unique(currencies[currencies != ""], return_counts=True)
    return str(names[counts.argmax()]) if len(names) else None
