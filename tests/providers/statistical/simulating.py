"""Shops whose truth is known, because they were made from it."""

import numpy as np

from providers.statistical.arrays import Floats, Purses, Visits
from providers.statistical.purchasing import Rates
from providers.statistical.spending import Spread


def order_times(rates: Rates, tenures: Floats, random: np.random.Generator, most: int = 400) -> list[Floats]:
    """Each customer's order times in days since the first, which is at 0."""
    told = []
    for tenure in tenures:
        rate = random.gamma(rates.r, 1 / rates.alpha)
        leaves_at = random.geometric(max(random.beta(rates.a, rates.b), 1e-9))
        gaps = random.exponential(1 / max(rate, 1e-300), size=min(most, int(leaves_at)) - 1)
        times = np.concatenate([[0.0], np.cumsum(gaps)])
        told.append(times[times <= tenure])
    return told


def seen(times: list[Floats], tenures: Floats) -> Visits:
    return Visits(
        np.array([len(each) - 1.0 for each in times]), np.array([each[-1] for each in times]), tenures.copy()
    )


def seen_by_day(times: list[Floats], tenures: Floats) -> Visits:
    return seen([np.unique(np.floor(each)) for each in times], tenures)


def purses(spread: Spread, counts: Floats, random: np.random.Generator) -> Purses:
    """For each customer the sum of so many orders."""
    nu = random.gamma(spread.q, 1 / spread.v, size=len(counts))
    return Purses(counts, random.gamma(spread.p * counts) / nu)
