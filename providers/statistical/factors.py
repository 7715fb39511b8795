"""Why a customer's risk differs from that of a typical repeater: exact Shapley, and "what if".

Three things count: how long ago the last order is, how many order days there were, and how long ago the
first. A sign is not a template: more orders raise the risk of one who has gone silent.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from math import factorial

import numpy as np

from providers.statistical.arrays import Floats, Visits
from providers.statistical.purchasing import Rates, silence
from providers.statistics import TypicalRepeater

NAMES = ("days_since_last_order", "order_days", "days_since_first_order")
FEATURES = len(NAMES)
Own = tuple[bool, ...]
"""Which of the features are the customer's own; the others are typical."""


@dataclass(frozen=True, slots=True)
class Factors:
    """Arrays with one entry per customer; in lists, one of these per feature, in the order of `NAMES`.

    `impacts` sum to the customer's risk minus `typical_risk`. `risks_if_typical`: with that feature alone
    as it is typically.
    """

    values: list[Floats]
    typical: list[float]
    impacts: list[Floats]
    risks_if_typical: list[Floats]
    typical_risk: Floats


def explain_risk(rates: Rates, visits: Visits, typical: TypicalRepeater, horizon: float) -> Factors:
    usual = [typical.recency, typical.order_days, typical.tenure]
    values = [visits.t - visits.t_x, visits.x + 1, visits.t]
    risks = {
        own: _risk(own, values, usual, rates, horizon) for own in product((False, True), repeat=FEATURES)
    }
    everything = (True,) * FEATURES
    return Factors(
        values=values,
        typical=usual,
        impacts=[_shapley(feature, risks.__getitem__) for feature in range(FEATURES)],
        risks_if_typical=[risks[_with(everything, feature, own=False)] for feature in range(FEATURES)],
        typical_risk=risks[(False,) * FEATURES],
    )


def _risk(own: Own, values: list[Floats], usual: list[float], rates: Rates, horizon: float) -> Floats:
    recency, order_days, tenure = (
        value if mine else np.full_like(value, typical)
        for mine, value, typical in zip(own, values, usual, strict=True)
    )
    return silence(rates, possible(recency, order_days, tenure), horizon)


def possible(recency: Floats, order_days: Floats, tenure: Floats) -> Visits:
    """The nearest that can be: a single order is the first and the last, and x more take x days."""
    x = order_days - 1
    longest = np.maximum(tenure, x)
    t_x = np.where(x > 0, np.clip(longest - recency, x, longest), 0)
    return Visits(x, t_x, longest)


def _shapley(feature: int, risk_of: Callable[[Own], Floats]) -> Floats:
    """The mean of what the feature adds, over all orders in which the features could be made known."""
    total: Floats | None = None
    for own in product((False, True), repeat=FEATURES):
        if own[feature]:
            continue
        known = sum(own)
        weight = factorial(known) * factorial(FEATURES - known - 1) / factorial(FEATURES)
        added = weight * (risk_of(_with(own, feature, own=True)) - risk_of(own))
        total = added if total is None else total + added
    return np.asarray(total)


def _with(others: Own, feature: int, *, own: bool) -> Own:
    return (*others[:feature], own, *others[feature + 1 :])
