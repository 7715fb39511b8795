"""The models beside ours whose published parameters show that the data is read as the papers read it."""

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, expit, gammaln, hyp2f1

from providers.statistical.arrays import Floats, Visits


def bg_nbd(parameters: Floats, visits: Visits) -> Floats:
    """Fader, Hardie & Lee (2005): nobody leaves before the first repeat order."""
    r, alpha, a, b = parameters
    x = visits.x
    stayed = betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + visits.t)
    again = np.maximum(x, 1)
    left = betaln(a + 1, b + again - 1) - betaln(a, b) - (r + x) * np.log(alpha + visits.t_x)
    either = np.where(x > 0, np.logaddexp(stayed, left), stayed)
    return gammaln(r + x) - gammaln(r) + r * np.log(alpha) + either


def bg_nbd_silence(parameters: Floats, visits: Visits, horizon: float) -> Floats:
    r, alpha, a, b = parameters
    x, until = visits.x, alpha + visits.t
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * np.log(until / (alpha + visits.t_x))
    alive = np.where(x > 0, expit(-odds), 1.0)
    return 1 - alive * (1 - (until / (until + horizon)) ** (r + x))


def pareto_nbd(parameters: Floats, visits: Visits) -> Floats:
    """Schmittlein, Morrison & Colombo (1987): everybody leaves some day, whenever they order."""
    r, alpha, s, beta = parameters
    x, shape = visits.x, r + s + visits.x
    longer, inner = max(alpha, beta), (s + 1 if alpha >= beta else r + x)
    gap = abs(alpha - beta)

    def part(time: Floats) -> Floats:
        return hyp2f1(shape, inner, shape + 1, gap / (longer + time)) / (longer + time) ** shape

    never_left = 1 / ((alpha + visits.t) ** (r + x) * (beta + visits.t) ** s)
    left = s / shape * (part(visits.t_x) - part(visits.t))
    whole = r * np.log(alpha) + s * np.log(beta) + np.log(never_left + left)
    return gammaln(r + x) - gammaln(r) + whole


def most_likely(log_likelihood, visits: Visits, start: list[float]) -> tuple[Floats, float]:
    """The parameters, and the sum of the log-likelihoods there."""

    def cost(logs: Floats) -> float:
        return -float(log_likelihood(np.exp(logs), visits).sum())

    found = minimize(
        cost, np.log(start), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-7, "maxiter": 5000}
    )
    return np.exp(found.x), -found.fun
