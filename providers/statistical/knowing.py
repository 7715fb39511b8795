"""When a figure must be "unknown", and why."""

from enum import StrEnum

import numpy as np

from providers.statistical.arrays import Flags, Floats, Visits
from providers.statistical.purchasing import Risk
from providers.statistics import ShopParameters

FEWEST_CUSTOMERS = 20
FEWEST_REPEATS = 10
WATCHED_WITHOUT_REPEATS = 100
WIDEST = 0.30
WIDE = 0.15
WATCHED_STEP_DAYS = 30
WATCHED_STEPS = 37
STALE_AFTER_DAYS = 90
"""Without an order of anybody for so long, the desk no longer hears of the shop's orders."""


class Why(StrEnum):
    """The reason behind a null."""

    NOT_FITTED = "not_fitted"
    NO_ORDERS = "no_orders"
    FEW_CUSTOMERS = "few_customers"
    FEW_REPEAT_ORDERS = "few_repeat_orders"
    SHORT_HISTORY = "short_history"
    STALE_ORDERS = "stale_orders"
    TOO_UNCERTAIN = "too_uncertain"
    MIXED_CURRENCY = "mixed_currency"
    OTHER_CURRENCY = "other_currency"
    NO_POSITIVE_ORDER = "no_positive_order"
    FEW_AMOUNTS = "few_amounts"
    FEW_ORDERS = "few_orders"
    FEW_RECENT_ORDERS = "few_recent_orders"
    NO_CATEGORIES = "no_categories"
    NO_DISCOUNTS_RECORDED = "no_discounts_recorded"
    TRUNCATED_HISTORY = "truncated_history"
    SHORT_TENURE = "short_tenure"
    ORDERS_TOO_RECENT = "orders_too_recent"
    NO_CONTACTS = "no_contacts"
    FEW_LINES = "few_lines"
    NO_PRICES = "no_prices"


class Confidence(StrEnum):
    NORMAL = "normal"
    LOW = "low"


def of_shop(parameters: ShopParameters | None, as_of: int, horizon: float) -> Why | None:
    """What keeps the whole shop from being told over a horizon, in days."""
    if parameters is None:
        return Why.NOT_FITTED
    if parameters.customers < FEWEST_CUSTOMERS or parameters.purchase is None:
        return Why.FEW_CUSTOMERS
    if as_of - parameters.first_day < horizon:
        return Why.SHORT_HISTORY
    if parameters.repeat_order_days >= FEWEST_REPEATS:
        return None
    never = parameters.repeat_order_days == 0
    if never and watched_for(parameters, horizon) >= WATCHED_WITHOUT_REPEATS:
        return None
    return Why.FEW_REPEAT_ORDERS


def watched_for(parameters: ShopParameters, horizon: float) -> int:
    """How many customers were, when the parameters were fitted, seen for at least the horizon."""
    step = int(np.ceil(horizon / WATCHED_STEP_DAYS))
    return parameters.watched[step] if step < len(parameters.watched) else 0


def watched(tenures: Floats) -> tuple[int, ...]:
    """Customers by whether their first order is at least 0, 30, … days back."""
    return tuple(int((tenures >= step * WATCHED_STEP_DAYS).sum()) for step in range(WATCHED_STEPS))


def width(risk: Risk) -> Floats:
    low, high = risk.interval
    return np.asarray(high - low)


def too_uncertain(risk: Risk) -> Flags:
    return np.asarray(~(width(risk) <= WIDEST))


def confidence(risk: Risk) -> Confidence:
    """Of one customer."""
    return Confidence.LOW if width(risk).item() > WIDE else Confidence.NORMAL


def truncated(visits: Visits, first_order_of_shop: float) -> Flags:
    """Who may be an older customer than the orders on record tell. `first_order_of_shop`: days back."""
    return np.asarray((first_order_of_shop - visits.t < TRUNCATION_DAYS) & (visits.t < CERTAINLY_OLD_DAYS))


FEWEST_ORDERS_FOR_DISCOUNTS = 2
TRUNCATION_DAYS = 30
CERTAINLY_OLD_DAYS = 730
