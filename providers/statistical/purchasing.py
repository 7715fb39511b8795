"""MBG/NBD: when customers order, and whether they still do (Batislam, Denizel & Filiztekin 2007).

While alive a customer orders at the rate lambda ~ Gamma(r, alpha); after each order, the first included, they
leave for good with the probability p ~ Beta(a, b). `alpha` and all times are days.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betaln, expit, gammaln, psi

from providers.statistical.arrays import Floats, Visits, by_count
from providers.statistics import PurchaseParameters

Z_90 = 1.6448536269514722
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class Rates:
    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def of(cls, parameters: PurchaseParameters) -> "Rates":
        return cls(parameters.r, parameters.alpha, parameters.a, parameters.b)


def log_likelihood(rates: Rates, visits: Visits) -> tuple[Floats, Floats]:
    """Per customer: the logarithm of L, and its derivatives by r, alpha, a, b as rows (4, n)."""
    r, alpha, a, b = rates.r, rates.alpha, rates.a, rates.b
    x, since_last, since_first = visits.x, alpha + visits.t_x, alpha + visits.t
    ratio = np.log(since_first) - np.log(since_last)
    odds = _log_odds_of_having_left(rates, x, ratio)
    value = (
        by_count(lambda n: gammaln(r + n) + betaln(a, b + n + 1), x)
        - gammaln(r)
        - betaln(a, b)
        + r * np.log(alpha)
        - (r + x) * np.log(since_first)
        + np.logaddexp(0, odds)
    )
    left = expit(odds)
    both = psi(a + b) - by_count(lambda n: psi(a + b + n + 1), x)
    by_r = by_count(lambda n: psi(r + n), x) - psi(r) + np.log(alpha / since_first) + left * ratio
    by_alpha = r / alpha - (r + x) * ((1 - left) / since_first + left / since_last)
    by_a = both + left / a
    by_b = both + by_count(lambda n: psi(b + n + 1), x) - psi(b) - left / (b + x)
    return value, np.stack([by_r, by_alpha, by_a, by_b])


def alive(rates: Rates, visits: Visits) -> Floats:
    """P(the customer has not left), given what was seen."""
    ratio = np.log(rates.alpha + visits.t) - np.log(rates.alpha + visits.t_x)
    return np.asarray(expit(-_log_odds_of_having_left(rates, visits.x, ratio)))


def _log_odds_of_having_left(rates: Rates, x: Floats, ratio: Floats) -> Floats:
    return np.asarray(np.log(rates.a) - np.log(rates.b + x) + (rates.r + x) * ratio)


@dataclass(frozen=True, slots=True)
class Risk:
    """`silent`: P(no order within the horizon). `spread`: standard error of its logit."""

    silent: Floats
    spread: Floats

    @property
    def interval(self) -> tuple[Floats, Floats]:
        """90 %: bounds of the risk that the uncertainty of the parameters leaves."""
        logit = np.log(self.silent) - np.log(np.maximum(1 - self.silent, TINY))
        return np.asarray(expit(logit - Z_90 * self.spread)), np.asarray(expit(logit + Z_90 * self.spread))


def silence(rates: Rates, visits: Visits, horizon: float) -> Floats:
    """P(no order within the horizon, in days)."""
    quiet = (rates.r + visits.x) * (np.log(rates.alpha + visits.t) - np.log(rates.alpha + visits.t + horizon))
    return np.asarray(1 + alive(rates, visits) * np.expm1(quiet))


def risk(parameters: PurchaseParameters, visits: Visits, horizon: float) -> Risk:
    """The same with its uncertainty: slopes of the logit by the logarithm of each parameter."""
    rates = Rates.of(parameters)
    r, alpha, b = rates.r, rates.alpha, rates.b
    x, since_last, since_first = visits.x, alpha + visits.t_x, alpha + visits.t
    until = since_first + horizon
    left, quiet = 1 - alive(rates, visits), (r + x) * (np.log(since_first) - np.log(until))
    silent = np.maximum(1 + (1 - left) * np.expm1(quiet), TINY)
    odds = -np.exp(quiet) / np.expm1(quiet)
    ratio = np.log(since_first) - np.log(since_last)
    slopes = np.stack(
        [
            r * (left * ratio + odds * quiet / (r + x)),
            alpha
            * (r + x)
            * (left * (1 / since_first - 1 / since_last) + odds * (1 / since_first - 1 / until)),
            left,
            -left * b / (b + x),
        ]
    )
    slopes /= silent
    variance = np.einsum("in,ij,jn->n", slopes, np.array(parameters.covariance), slopes)
    return Risk(silent, np.sqrt(np.maximum(variance, 0)))
