"""Gamma-Gamma: what a customer's orders come to (Fader & Hardie 2013).

The value of an order day is Gamma(p, nu), and nu ~ Gamma(q, v) differs between customers. Given n order days
of a sum s, nu ~ Gamma(q + p·n, v + s): the mean order is p/nu.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, gammaincc, gammaln, psi

from providers.statistical.arrays import Floats, Purses, by_count
from providers.statistics import SpendParameters

NEAR_ENOUGH = 1e-5
ENDLESS = 1e15


@dataclass(frozen=True, slots=True)
class Spread:
    """`p`, `q` have no unit; `v` is an amount."""

    p: float
    q: float
    v: float

    @classmethod
    def of(cls, parameters: SpendParameters) -> "Spread":
        return cls(parameters.p, parameters.q, parameters.v)


def log_likelihood(spread: Spread, purses: Purses) -> tuple[Floats, Floats]:
    """Per customer: the logarithm of the density of the mean, and its derivatives by p, q, v as rows."""
    p, q, v, n, s = spread.p, spread.q, spread.v, purses.n, purses.spent
    shape, rest, whole = p * n, np.log(s), np.log(v + s)
    value = (
        by_count(lambda n: gammaln(p * n + q) - gammaln(p * n) + np.log(n), n)
        - gammaln(q)
        + q * np.log(v)
        + (shape - 1) * rest
        - (shape + q) * whole
    )
    both = by_count(lambda n: psi(p * n + q), n)
    by_p = n * (both - by_count(lambda n: psi(p * n), n) + rest - whole)
    by_q = both - psi(q) + np.log(v) - whole
    by_v = q / v - (shape + q) / (v + s)
    return value, np.stack([by_p, by_q, by_v])


def mean_order(spread: Spread, purses: Purses) -> Floats:
    """E of the mean order. Infinite where there is too little to have one."""
    surplus = spread.p * purses.n + spread.q - 1
    return np.asarray(
        np.where(
            surplus > 0, spread.p * (spread.v + purses.spent) / np.where(surplus > 0, surplus, 1), np.inf
        )
    )


def mean_at_most(spread: Spread, purses: Purses, amount: float) -> Floats:
    """P(the customer's mean order is at most the amount)."""
    shape = spread.q + spread.p * purses.n
    return np.asarray(gammaincc(shape, (spread.v + purses.spent) * spread.p / amount))


def total_at_most(chances: Floats, spread: Spread, one: Purses) -> Callable[[float], float]:
    """Amount → P(the sum of the coming orders is at most that), by the chances of 0, 1, … orders."""
    n = np.flatnonzero(chances[1:] > 0) + 1.0
    weights, shape, scale = chances[1:][chances[1:] > 0], spread.q + spread.p * one.n, spread.v + one.spent

    def probability(y: float) -> float:
        return float(chances[0] + weights @ betainc(spread.p * n, shape, y / (y + scale)))

    return probability


def quantile(at_most: Callable[[float], float], share: float, start: float) -> float:
    """The amount that is not exceeded with the probability `share`; 0 where nothing at all is as likely.

    Halved by hand: scipy.optimize would cost each process 24 MB for it.
    """
    if at_most(0.0) >= share:
        return 0.0
    lower, upper = 0.0, max(start, 1e-6)
    while at_most(upper) < share and upper < ENDLESS:
        lower, upper = upper, 2 * upper
    while upper - lower > NEAR_ENOUGH * upper:
        middle = (lower + upper) / 2
        lower, upper = (middle, upper) if at_most(middle) < share else (lower, middle)
    return upper
