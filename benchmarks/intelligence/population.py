"""Shops of any size from a known model, as the columns that a fit reads."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from providers.statistics import StatisticsColumns

AS_OF = 739_800
HISTORY_DAYS = 1_000
PART = 10_000
R, ALPHA, A, B = 0.7, 70.0, 0.8, 1.9
P, Q, V = 6.0, 3.7, 60.0
DISCOUNTED = 0.25

Floats = NDArray[np.float64]


def parts(customers: int, seed: int = 1) -> Iterator[StatisticsColumns]:
    """Of 10,000 customers each, as a host would bring them: lists, not arrays."""
    random = np.random.default_rng(seed)
    for start in range(0, customers, PART):
        yield _part(min(PART, customers - start), random)


def _part(size: int, random: np.random.Generator) -> StatisticsColumns:
    tenure = random.integers(0, HISTORY_DAYS, size)
    order_days, last, recent = _order_days(tenure.astype(np.float64), random)
    spent = random.gamma(P * order_days) / random.gamma(Q, 1 / V, size)
    return StatisticsColumns(
        first_days=(AS_OF - tenure).tolist(),
        last_days=(AS_OF - tenure + last).tolist(),
        order_days=order_days.tolist(),
        orders=order_days.tolist(),
        recent_days=recent.tolist(),
        currencies=["EUR"] * size,
        positive_days=order_days.tolist(),
        positive_spends=spent.tolist(),
        discounted_orders=random.binomial(order_days, DISCOUNTED).tolist(),
        pieces=(2 * order_days).tolist(),
        pieces_spends=spent.tolist(),
    )


def _order_days(
    tenure: Floats, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Order days, days from the first to the last, and order days of the year that ends with the last."""
    rate, leaves = random.gamma(R, 1 / ALPHA, len(tenure)), random.beta(A, B, len(tenure))
    day, count = np.zeros(len(tenure)), np.ones(len(tenure), dtype=np.int64)
    seen = [day.copy()]
    there = random.random(len(tenure)) >= leaves
    while there.any():
        later = day + np.ceil(random.exponential(1 / np.maximum(rate, 1e-12)))
        there &= later <= tenure
        day = np.where(there, later, day)
        count += there
        seen.append(np.where(there, day, np.nan))
        there &= random.random(len(tenure)) >= leaves
    with np.errstate(invalid="ignore"):
        recent = sum(((at > day - 365) & (at <= day)).astype(np.int64) for at in seen)
    return count, day.astype(np.int64), np.asarray(recent)
