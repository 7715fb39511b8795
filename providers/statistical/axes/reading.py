"""One customer on the 13 axes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from providers.statistical import knowing
from providers.statistical.archetypes import SEGMENTS
from providers.statistical.arrays import Floats
from providers.statistical.axes import memberships
from providers.statistical.forecasting import Foreseen
from providers.statistical.knowing import Why
from providers.statistical.purchasing import risk
from providers.statistical.spending import Spread

PROXIES = ("product_knowledge", "value_sophistication")
YEAR_DAYS = 365.0
RISK_DAYS = 90.0
CALLS = frozenset({"phone"})
SEASON_NEEDS_DAYS = 540
SELF_SERVICE_NEEDS = (3, 180)
TRAJECTORY_NEEDS_DAYS = 360
SETTLED_DAYS = 30
"""After which an order is no longer expected to come back."""

Reading = Floats | Why


@dataclass(frozen=True, slots=True)
class OnAxes:
    """`memberships`: axis → segment → 0..1, summing to 1. `unknown`: axis → why. `lapsed`: a year silent."""

    memberships: Mapping[str, Mapping[str, float]]
    unknown: Mapping[str, str]
    lapsed: bool

    @property
    def dominant(self) -> dict[str, str]:
        return {axis: max(shares, key=lambda name: shares[name]) for axis, shares in self.memberships.items()}


def on_axes(customer: Foreseen) -> OnAxes:
    told: dict[str, dict[str, float]] = {}
    unknown: dict[str, str] = {}
    for axis, segments in SEGMENTS.items():
        reading = READINGS[axis](customer)
        if isinstance(reading, Why):
            unknown[axis] = str(reading)
        else:
            told[axis] = dict(zip(segments, reading[0].tolist(), strict=True))
    last = customer.statistics.last_day
    return OnAxes(told, unknown, lapsed=last is not None and customer.as_of - last > YEAR_DAYS)


def _one(value: float) -> Floats:
    return np.array([float(value)])


def _purchase_frequency(customer: Foreseen) -> Reading:
    statistics = customer.statistics
    if not statistics.order_days:
        return Why.NO_ORDERS
    return memberships.purchase_frequency(_one(len(statistics.recent_days)), _one(statistics.order_days))


def _purchase_value(customer: Foreseen) -> Reading:
    if not customer.statistics.order_days:
        return Why.NO_ORDERS
    unpriced = customer.unpriced()
    if unpriced is not None or customer.parameters is None or customer.parameters.spend is None:
        return unpriced or Why.NOT_FITTED
    spread = Spread.of(customer.parameters.spend)
    return memberships.purchase_value(spread, customer.purses, customer.parameters.figures.value_cuts)


def _uncategorised(customer: Foreseen) -> bool:
    statistics = customer.statistics
    return not statistics.categories or 2 * statistics.uncategorised_lines >= statistics.lines


def _category_exploration(customer: Foreseen) -> Reading:
    if _uncategorised(customer):
        return Why.NO_CATEGORIES
    return memberships.category_exploration(_one(len(customer.statistics.categories)))


def _price_sensitivity(customer: Foreseen) -> Reading:
    statistics = customer.statistics
    if statistics.orders < knowing.FEWEST_ORDERS_FOR_DISCOUNTS:
        return Why.FEW_ORDERS
    if customer.parameters is None:
        return Why.NOT_FITTED
    usual = customer.parameters.figures.discounted_share
    if usual is None:
        return Why.NO_DISCOUNTS_RECORDED
    return memberships.price_sensitivity(_one(statistics.discounted_orders), _one(statistics.orders), usual)


def _purchase_cadence(customer: Foreseen) -> Reading:
    statistics = customer.statistics
    if statistics.order_days < 4 or statistics.first_day is None or statistics.last_day is None:
        return Why.FEW_ORDERS
    gaps, span = statistics.order_days - 1, statistics.last_day - statistics.first_day
    return memberships.purchase_cadence(
        _one(gaps),
        _one(span / gaps),
        _one(statistics.gap_log_milli / 1000),
        np.array([statistics.month_days], dtype=np.float64),
        _one(span >= SEASON_NEEDS_DAYS),
    )


def _customer_maturity(customer: Foreseen) -> Reading:
    if not customer.statistics.order_days:
        return Why.NO_ORDERS
    if customer.parameters is None:
        return Why.NOT_FITTED
    if knowing.truncated(customer.visits, customer.as_of - customer.parameters.first_day).item():
        return Why.TRUNCATED_HISTORY
    return memberships.customer_maturity(customer.visits.t)


def _repurchase_behavior(customer: Foreseen) -> Reading:
    near = customer.risk(RISK_DAYS)
    if isinstance(near, Why) or customer.parameters is None or customer.parameters.purchase is None:
        return near if isinstance(near, Why) else Why.NOT_FITTED
    year = risk(customer.parameters.purchase, customer.visits, YEAR_DAYS)
    return memberships.repurchase_behavior(1 - year.silent, year.spread)


def _return_behavior(customer: Foreseen) -> Reading:
    statistics = customer.statistics
    if statistics.orders < 2:
        return Why.FEW_ORDERS
    fresh = sum(day > customer.as_of - SETTLED_DAYS for day in statistics.recent_days)
    if statistics.refunds == 0 and statistics.order_days - fresh < 3:
        return Why.ORDERS_TOO_RECENT
    return memberships.return_behavior(_one(statistics.refunds))


def _communication_preference(customer: Foreseen) -> Reading:
    statistics, channels = customer.statistics, customer.statistics.contacts.channels
    called = sum(cases for channel, cases in channels.items() if channel in CALLS)
    written = statistics.contacts.cases - called
    orders, days = SELF_SERVICE_NEEDS
    settled = statistics.order_days >= orders and customer.visits.t.item() >= days
    if not channels and not settled:
        return Why.NO_CONTACTS
    of_all = customer.parameters.figures.support_channels if customer.parameters else {}
    calls = sum(cases for channel, cases in of_all.items() if channel in CALLS)
    usual = (calls + 1) / (sum(of_all.values()) + 3)
    return memberships.communication_preference(
        _one(written), _one(called), _one(statistics.order_days), usual
    )


def _problem_complexity(customer: Foreseen) -> Reading:
    contacts = customer.statistics.contacts
    if not contacts.cases:
        return Why.NO_CONTACTS
    points = contacts.long + contacts.handed_off + contacts.reopened + contacts.slow
    return memberships.problem_complexity_profile(_one(points), _one(contacts.cases))


def _loyalty_trajectory(customer: Foreseen) -> Reading:
    statistics, half = customer.statistics, memberships.HALF_PERIOD_DAYS
    if not statistics.order_days:
        return Why.NO_ORDERS
    if customer.visits.t.item() < TRAJECTORY_NEEDS_DAYS:
        return Why.SHORT_TENURE
    ages = [customer.as_of - day for day in statistics.recent_days if day != statistics.first_day]
    lately, before = sum(age < half for age in ages), sum(half <= age < 2 * half for age in ages)
    if lately + before < 3:
        return Why.FEW_RECENT_ORDERS
    return memberships.loyalty_trajectory(_one(lately), _one(before))


def _product_knowledge(customer: Foreseen) -> Reading:
    statistics = customer.statistics
    if statistics.lines < 3:
        return Why.FEW_LINES
    if _uncategorised(customer):
        return Why.NO_CATEGORIES
    depth = max(statistics.categories.values())
    return memberships.product_knowledge(_one(depth), _one(statistics.contacts.how_to or 0))


def _value_sophistication(customer: Foreseen) -> Reading:
    statistics = customer.statistics
    if statistics.pieces < 3 or statistics.pieces_spend <= 0:
        return Why.FEW_LINES
    unpriced = customer.unpriced()
    if unpriced is not None or customer.parameters is None:
        return unpriced or Why.NOT_FITTED
    prices = customer.parameters.figures.piece_prices
    if not prices:
        return Why.NO_PRICES
    rank = np.searchsorted(np.array(prices), float(statistics.pieces_spend) / statistics.pieces)
    discounted = statistics.discounted_orders / statistics.orders
    return memberships.value_sophistication(
        _one((rank + 0.5) / (len(prices) + 1)), _one(discounted), _one(statistics.pieces)
    )


READINGS: Mapping[str, Callable[[Foreseen], Reading]] = {
    "purchase_frequency": _purchase_frequency,
    "purchase_value": _purchase_value,
    "category_exploration": _category_exploration,
    "price_sensitivity": _price_sensitivity,
    "purchase_cadence": _purchase_cadence,
    "customer_maturity": _customer_maturity,
    "repurchase_behavior": _repurchase_behavior,
    "return_behavior": _return_behavior,
    "communication_preference": _communication_preference,
    "problem_complexity_profile": _problem_complexity,
    "loyalty_trajectory": _loyalty_trajectory,
    "product_knowledge": _product_knowledge,
    "value_sophistication": _value_sophistication,
}
