"""A customer's orders and contacts as figures, and what is learnt of the shop from all of them.

Each figure of `CustomerStatistics` is exact (an integer, a Decimal, a name), and depends neither on the time
of reading, nor on ids, nor on the order in which orders arrived: `summarise` over the whole log gives what
`with_order` gave one by one. Days are UTC, written as `date.toordinal()` where many are kept.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import log

RECENT_DAYS = 365
KEPT_CATEGORIES = 16
CANCELLED = frozenset({"cancelled", "canceled", "voided"})
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class LineFact:
    """`price` is for one piece."""

    category: str | None
    quantity: int
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """One order as it stands: `total` is what was paid after discounts, `refunded` the sum of `refunds`.

    `discounted`: any part of it was sold at a discount.
    """

    day: date
    currency: str
    total: Decimal
    status: str = ""
    refunded: Decimal = NOTHING
    refunds: int = 0
    discounted: bool = False
    lines: tuple[LineFact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStatistics:
    """Support cases by channel (names as tickets have them), and how many of all were hard in which way.

    `long`: over 3 messages of the customer. `slow`: over 24 h until solved. `how_to`: asked how something
    works; None where the desk does not record topics.
    """

    channels: Mapping[str, int] = field(default_factory=dict)
    long: int = 0
    handed_off: int = 0
    reopened: int = 0
    slow: int = 0
    how_to: int | None = None

    @property
    def cases(self) -> int:
        return sum(self.channels.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerStatistics:
    """The sufficient statistics of one customer; orders that were cancelled are left out.

    Orders of one day are one order day. `recent_days`: the order days of the 365 days that end with the
    last one, ascending ordinals. `positive_days` and `positive_spend`: the order days whose net value is
    above 0, and their sum. `last_day_net` is what the last order day comes to so far. Amounts mean nothing
    where `mixed_currency`, and `currency` is None then. `categories`: lines by category, of the 16 that come
    first in the alphabet.
    `month_days`: order days by calendar month. `gap_log_milli`: sum over the gaps between order days of
    1000·ln(days), each rounded.
    """

    first_day: int | None = None
    last_day: int | None = None
    order_days: int = 0
    orders: int = 0
    recent_days: tuple[int, ...] = ()
    currency: str | None = None
    mixed_currency: bool = False
    net_spend: Decimal = NOTHING
    positive_days: int = 0
    positive_spend: Decimal = NOTHING
    last_day_net: Decimal = NOTHING
    discounted_orders: int = 0
    refunds: int = 0
    lines: int = 0
    uncategorised_lines: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)
    pieces: int = 0
    pieces_spend: Decimal = NOTHING
    month_days: tuple[int, ...] = (0,) * 12
    gap_log_milli: int = 0
    contacts: ContactStatistics = ContactStatistics()


def summarise(
    orders: Iterable[OrderFact], contacts: ContactStatistics | None = None, *, as_of: date | None = None
) -> CustomerStatistics:
    """The statistics of a customer's whole log, in any order; nothing after `as_of` counts."""
    counted = [order for order in orders if as_of is None or order.day <= as_of]
    return with_orders(CustomerStatistics(contacts=contacts or ContactStatistics()), counted)


def appends(statistics: CustomerStatistics, order: OrderFact) -> bool:
    """Whether `with_order` may add it: a new order that is not older than those that are in.

    A backdated, changed or refunded order needs `summarise` over the customer's log.
    """
    return statistics.last_day is None or order.day.toordinal() >= statistics.last_day


def with_order(statistics: CustomerStatistics, order: OrderFact) -> CustomerStatistics:
    """With one more order. Raises `ValueError` for one that is older than the last: see `appends`."""
    return with_orders(statistics, [order])


def with_orders(statistics: CustomerStatistics, orders: Iterable[OrderFact]) -> CustomerStatistics:
    """With more orders, in any order. Raises `ValueError` where one is older than the last: see `appends`."""
    in_order = sorted(orders, key=lambda order: order.day)
    if in_order and not appends(statistics, in_order[0]):
        raise ValueError("an order before the last one needs the whole log")
    running = _Running(statistics)
    for order in in_order:
        if order.status.casefold() not in CANCELLED:
            running.add(order)
    return running.told()


class _Running:
    """The same figures while orders are added: a new dataclass for each would take longer than all else."""

    def __init__(self, statistics: CustomerStatistics) -> None:
        self._of = statistics
        self._figures = {name: getattr(statistics, name) for name in CustomerStatistics.__slots__}
        self._recent = list(statistics.recent_days)
        self._months = list(statistics.month_days)
        self._categories = dict(statistics.categories)

    def told(self) -> CustomerStatistics:
        kept = sorted(self._categories)[:KEPT_CATEGORIES]
        last = self._recent[-1] if self._recent else 0
        return CustomerStatistics(
            **self._figures
            | {
                "recent_days": tuple(day for day in self._recent if day > last - RECENT_DAYS),
                "month_days": tuple(self._months),
                "categories": {name: self._categories[name] for name in kept},
            }
        )

    def add(self, order: OrderFact) -> None:
        figures, net = self._figures, order.total - order.refunded
        self._add_to_day(order.day, net)
        figures["orders"] += 1
        self._pay_in(order.currency)
        figures["net_spend"] += net
        figures["discounted_orders"] += order.discounted
        figures["refunds"] += order.refunds
        figures["lines"] += len(order.lines)
        for line in order.lines:
            figures["pieces"] += line.quantity
            figures["pieces_spend"] += line.quantity * line.price
            if line.category:
                self._categories[line.category] = self._categories.get(line.category, 0) + 1
            else:
                figures["uncategorised_lines"] += 1

    def _pay_in(self, currency: str) -> None:
        """Mixed ones have none: which came first is chance where both came on one day."""
        figures = self._figures
        if figures["mixed_currency"] or figures["currency"] == currency:
            return
        figures["mixed_currency"] = figures["currency"] is not None
        figures["currency"] = None if figures["mixed_currency"] else currency

    def _add_to_day(self, day: date, net: Decimal) -> None:
        figures, ordinal = self._figures, day.toordinal()
        last = figures["last_day"]
        before = figures["last_day_net"] if ordinal == last else NOTHING
        after = figures["last_day_net"] = before + net
        figures["positive_days"] += (after > 0) - (before > 0)
        figures["positive_spend"] += max(after, NOTHING) - max(before, NOTHING)
        if ordinal == last:
            return
        if last is None:
            figures["first_day"] = ordinal
        else:
            figures["gap_log_milli"] += round(1000 * log(ordinal - last))
        figures["last_day"] = ordinal
        figures["order_days"] += 1
        self._recent.append(ordinal)
        self._months[day.month - 1] += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsColumns:
    """The statistics of many customers, one sequence per figure, all of one length: what a fit reads.

    Only customers with an order. `recent_days` is the length of that tuple; `currencies` has None where
    mixed. Amounts are floats here. A million customers come in parts of, say, 10,000.
    """

    first_days: Sequence[int]
    last_days: Sequence[int]
    order_days: Sequence[int]
    orders: Sequence[int]
    recent_days: Sequence[int]
    currencies: Sequence[str | None]
    positive_days: Sequence[int]
    positive_spends: Sequence[float]
    discounted_orders: Sequence[int]
    pieces: Sequence[int]
    pieces_spends: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderColumns:
    """Part of the log of orders, in any order, without those cancelled: what a backtest reads.

    `customers`: a number each, the same for all of one customer's orders. `days`: ordinals. `amounts`: net
    of refunds.
    """

    customers: Sequence[int]
    days: Sequence[int]
    amounts: Sequence[float]
    currencies: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseParameters:
    """MBG/NBD, time in days. `covariance`: of the logarithms of r, alpha, a, b, by rows."""

    r: float
    alpha: float
    a: float
    b: float
    covariance: tuple[tuple[float, ...], ...]
    log_likelihood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendParameters:
    """Gamma-Gamma on the positive order days of customers who pay in `currency`; v is an amount."""

    p: float
    q: float
    v: float
    currency: str
    customers: int
    log_likelihood: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TypicalRepeater:
    """Medians of those who ordered on more than one day; days."""

    recency: float
    order_days: float
    tenure: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFigures:
    """What single customers are compared with. `discounted_share` is None where no discount is recorded.

    `value_cuts`: low to medium, medium to high average order. `piece_prices`: the nine deciles of what
    customers pay for a piece on average. Support channels: cases of all customers by channel, set by the
    host before it keeps the parameters.
    """

    discounted_share: float | None
    value_cuts: tuple[float, float]
    piece_prices: tuple[float, ...] = ()
    support_channels: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decile:
    """A tenth of the customers, by predicted risk: the means, and how many they are."""

    predicted: float
    observed: float
    customers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """How well the past was foretold from what was known at `origins` (ordinals), over `horizon_days`.

    Of all who had ordered by then. `calibration_error`: mean over ten equal bins of |predicted - observed|,
    weighted by customers. `base_brier`: of telling everybody the share that was observed. `auc` is None
    where only one of the two outcomes came about. Values are sums in the shop's currency over those for
    whom one was told, None where none was.
    """

    origins: tuple[int, ...]
    horizon_days: int
    customers: int
    brier: float
    base_brier: float
    auc: float | None
    calibration_error: float
    mean_predicted: float
    mean_observed: float
    deciles: tuple[Decile, ...]
    value_predicted: float | None = None
    value_observed: float | None = None
    value_rmse: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopParameters:
    """All that scoring one customer needs to know of the shop: kept by the host, as JSON, with versions.

    `model` names the formulae; `version` is the host's number, 0 until kept. Days are ordinals. `watched`:
    customers whose first order is at least 0, 30, 60, … 1080 days back. `purchase` is None with too few
    customers or repeat orders, `spend` with too few amounts in one currency. `unknown`: reason → share of
    the customers whose churn risk is not told. `archetypes`: id → share of the customers.
    """

    model: str
    version: int = 0
    as_of: int
    first_day: int
    last_day: int
    customers: int
    repeat_order_days: int
    watched: tuple[int, ...]
    purchase: PurchaseParameters | None
    spend: SpendParameters | None
    typical: TypicalRepeater | None
    figures: ShopFigures
    unknown: Mapping[str, float] = field(default_factory=dict)
    archetypes: Mapping[str, float] = field(default_factory=dict)
    backtest: Backtest | None = None
