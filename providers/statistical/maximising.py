"""The parameters under which what was seen is most likely, on the scale of their logarithms.

A weak normal prior on them changes nothing where there are many customers, and keeps small shops sane. There
is no penalty on the parameters themselves: it would depend on the unit of time.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from providers.statistical import purchasing, spending
from providers.statistical.arrays import Floats, Purses, Visits
from providers.statistics import PurchaseParameters, SpendParameters

LOG_BOUNDS = (-14.0, 14.0)
STEP = 1e-5


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal on the logarithms of the parameters."""

    centres: tuple[float, ...]
    deviations: tuple[float, ...]

    def penalty(self, logs: Floats) -> tuple[float, Floats]:
        off = (logs - np.array(self.centres)) / np.array(self.deviations)
        return float(off @ off) / 2, np.asarray(off / np.array(self.deviations))


PURCHASES = Prior((np.log(0.7), np.log(70.0), np.log(0.8), np.log(1.5)), (1.5, 2.0, 1.0, 1.0))
"""On r, alpha in days, a, b."""
AMOUNTS = Prior((np.log(5.0), np.log(4.0), np.log(0.6)), (1.5, 1.0, 2.0))
"""On p, q, and v in units of what the typical customer's order comes to."""

Objective = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, slots=True)
class Compressed:
    """Rows that differ, and how many customers have each."""

    visits: Visits
    customers: Floats

    @classmethod
    def of(cls, visits: Visits) -> "Compressed":
        key = (
            (visits.x.astype(np.int64) << 40)
            | (visits.t_x.astype(np.int64) << 20)
            | visits.t.astype(np.int64)
        )
        key, counts = np.unique(key, return_counts=True)
        columns = (key >> 40, (key >> 20) & LOW_BITS, key & LOW_BITS)
        return cls(Visits(*(column.astype(np.float64) for column in columns)), counts.astype(np.float64))


LOW_BITS = (1 << 20) - 1


def purchases(visits: Visits, prior: Prior | None = PURCHASES) -> PurchaseParameters:
    """Days are whole numbers below a million."""
    rows = Compressed.of(visits)
    unit = max(float(rows.customers @ rows.visits.t) / rows.customers.sum(), 1.0)
    in_days = np.array([0.0, np.log(unit), 0.0, 0.0])
    scaled = Visits(rows.visits.x, rows.visits.t_x / unit, rows.visits.t / unit)

    def objective(logs: Floats) -> tuple[float, Floats]:
        value, slopes = purchasing.log_likelihood(purchasing.Rates(*np.exp(logs)), scaled)
        # In the unit of time the density of x orders is unit**x times that in days: a constant.
        return _with_prior(
            -float(rows.customers @ value), -(slopes @ rows.customers) * np.exp(logs), logs + in_days, prior
        )

    orders = max(float(rows.customers @ scaled.x), 1.0)
    start = np.log([0.5, 0.5 * float(rows.customers @ scaled.t) / orders, 1.0, 2.5])
    logs = _minimum(objective, start)
    rates = purchasing.Rates(*np.exp(logs + in_days).tolist())
    return PurchaseParameters(
        r=rates.r,
        alpha=rates.alpha,
        a=rates.a,
        b=rates.b,
        covariance=_covariance(objective, logs),
        log_likelihood=float(rows.customers @ purchasing.log_likelihood(rates, rows.visits)[0]),
    )


def amounts(purses: Purses, currency: str, prior: Prior | None = AMOUNTS) -> SpendParameters:
    unit = float(np.exp(np.mean(np.log(purses.spent / purses.n))))
    scaled = Purses(purses.n, purses.spent / unit)

    def objective(logs: Floats) -> tuple[float, Floats]:
        value, slopes = spending.log_likelihood(spending.Spread(*np.exp(logs)), scaled)
        return _with_prior(-float(value.sum()), -slopes.sum(axis=1) * np.exp(logs), logs, prior)

    p, q, v = np.exp(_minimum(objective, np.log([5.0, 4.0, 0.6])))
    spread = spending.Spread(float(p), float(q), float(v * unit))
    return SpendParameters(
        p=spread.p,
        q=spread.q,
        v=spread.v,
        currency=currency,
        customers=len(purses.n),
        log_likelihood=float(spending.log_likelihood(spread, purses)[0].sum()),
    )


def _with_prior(value: float, slopes: Floats, logs: Floats, prior: Prior | None) -> tuple[float, Floats]:
    penalty, by_logs = prior.penalty(logs) if prior else (0.0, np.zeros_like(logs))
    return value + penalty, np.asarray(slopes + by_logs)


def _minimum(objective: Objective, start: NDArray[np.float64]) -> Floats:
    found = minimize(
        objective,
        np.clip(start, *LOG_BOUNDS),
        jac=True,
        method="L-BFGS-B",
        bounds=[LOG_BOUNDS] * len(start),
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-6},
    )
    return np.asarray(found.x)


def _covariance(objective: Objective, logs: Floats) -> tuple[tuple[float, ...], ...]:
    """Laplace: the inverse of the curvature, by differences of the slopes."""
    steps = STEP * np.eye(len(logs))
    curvature = np.array(
        [(objective(logs + step)[1] - objective(logs - step)[1]) / (2 * STEP) for step in steps]
    )
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2)
    spread = vectors / np.maximum(values, FLATTEST)
    return tuple(tuple(float(entry) for entry in row) for row in spread @ vectors.T)


FLATTEST = 1e-4
"""Curvature below which the parameters might be anything: the uncertainty is then very large, not endless."""
