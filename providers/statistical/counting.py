"""MBG/NBD: how many orders come within a horizon."""

from math import ceil, sqrt

import numpy as np
from scipy.special import betainc, betaln, hyp2f1

from providers.statistical.arrays import Floats, Visits
from providers.statistical.purchasing import Rates, alive

BESIDE_ONE = 1e-5
"""How near to a = 1, where the expectation is 0/0, it is read beside that point."""
TAIL = 1e-9
"""What may be left out of a distribution."""
MOST_ORDERS = 20_000


def expected(rates: Rates, visits: Visits, horizon: float) -> Floats:
    """The expectation for many customers; none is below 0 or above what one who never leaves would order."""
    a = rates.a if abs(rates.a - 1) > BESIDE_ONE else 1 + BESIDE_ONE
    shape, since_first, stays = rates.r + visits.x, rates.alpha + visits.t, rates.b + visits.x + 1
    share = horizon / (since_first + horizon)
    with np.errstate(all="ignore"):  # where the series fails it is summed below
        quiet = np.exp(shape * np.log1p(-share))
        orders = (a + stays - 1) / (a - 1) * (1 - quiet * hyp2f1(shape, stays, a + stays - 1, share))
    ceiling = shape * horizon / since_first
    failed = ~(np.isfinite(orders) & (orders >= 0) & (orders <= ceiling))
    for row in np.flatnonzero(failed):
        one = Visits(visits.x[row : row + 1], visits.t_x[row : row + 1], visits.t[row : row + 1])
        orders[row] = at_least(rates, one, horizon).sum()
    return np.asarray(alive(rates, visits) * orders)


def at_least(rates: Rates, one: Visits, horizon: float) -> Floats:
    """P(at least n orders within the horizon | alive), n = 1, 2, … until next to nothing is left."""
    shape, since_first = rates.r + one.x.item(), rates.alpha + one.t.item()
    stays = rates.b + one.x.item() + 1
    mean = shape * horizon / since_first
    deviation = sqrt(mean * (1 + horizon / since_first))
    most = min(MOST_ORDERS, ceil(mean + 12 * deviation + 30 + 40 * horizon / since_first))
    n = np.arange(1.0, most + 1)
    stayed = np.exp(betaln(rates.a, stays + n - 1) - betaln(rates.a, stays))
    reached = np.asarray(stayed * betainc(n, shape, horizon / (since_first + horizon)))
    return np.asarray(reached[: max(1, int(np.searchsorted(-reached, -TAIL)))])


def distribution(rates: Rates, one: Visits, horizon: float) -> Floats:
    """P(n orders within the horizon), n = 0, 1, …: sums to 1."""
    reached = np.concatenate([[1.0], at_least(rates, one, horizon), [0.0]])
    chances = alive(rates, one).item() * -np.diff(reached)
    chances[0] += 1 - alive(rates, one).item()
    return np.asarray(chances)
