"""How far customers belong to the segments of an axis: shape (customers, segments), rows that sum to 1.

Columns are in the order of the catalogue, `providers.axes`. Cuts lie between whole numbers, so that the
largest share names the segment of the plain rule.
"""

import numpy as np
from scipy.special import betainc, expit, gammainc, gammaln, log_softmax, logsumexp, ndtr

from providers.statistical.arrays import Floats, Purses
from providers.statistical.spending import Spread, mean_at_most

EXPLORING = 0.35
MATURING = 0.25
VALUING = 0.12
KNOWING = 0.35
PRIOR_WEIGHT = 2.0
"""How many orders, or contacts, what is usual in the shop is worth."""
ROUTINE_SHAPE = 6.0
"""Of a Gamma: gaps of a routine vary by 1/sqrt(6), two fifths of their mean; those of chance by all of it."""
SEASON = 2.0
"""How far orders gather around the month of a season, as a concentration on the circle of the year."""
HALF_PERIOD_DAYS = 180


def between(*below: Floats) -> Floats:
    """From P(at most each cut), cuts ascending: the chance of each interval, lowest first."""
    edges = np.stack([np.zeros_like(below[0]), *below, np.ones_like(below[0])], axis=1)
    return np.asarray(np.clip(np.diff(edges, axis=1), 0, 1))


def descending(*below: Floats) -> Floats:
    return between(*below)[:, ::-1]


def purchase_frequency(recent_days: Floats, order_days: Floats) -> Floats:
    """Nobody who has ordered before is called a one-time buyer."""
    shares = descending(*(gammainc(recent_days, cut) for cut in (1.5, 5.5, 12.5)))
    shares[:, 3] *= (order_days == 1) | (recent_days > 1)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def purchase_value(spread: Spread, purses: Purses, cuts: tuple[float, float]) -> Floats:
    return descending(*(mean_at_most(spread, purses, cut) for cut in cuts))


def category_exploration(categories: Floats) -> Floats:
    return descending(*(expit((cut - categories) / EXPLORING) for cut in (1.5, 3.5)))


def price_sensitivity(discounted: Floats, orders: Floats, usual: float) -> Floats:
    """`usual`: the share of the shop's orders that are discounted."""
    usual = min(max(usual, 0.02), 0.98)
    hits = discounted + PRIOR_WEIGHT * usual
    misses = orders - discounted + PRIOR_WEIGHT * (1 - usual)
    return between(*(betainc(hits, misses, cut) for cut in (0.2, 0.6)))


def purchase_cadence(
    gaps: Floats, mean_gap: Floats, log_gaps: Floats, months: Floats, seasons_seen: Floats
) -> Floats:
    """`log_gaps`: the sum of the gaps' logarithms. `months`: order days by month, (customers, 12).

    By likelihood: gaps of a steady rhythm, or of chance; days that gather in a season, or do not.
    """
    chance = -gaps * np.log(mean_gap) - gaps
    shape = ROUTINE_SHAPE
    routine = (
        gaps * (shape * np.log(shape / mean_gap) - gammaln(shape)) + (shape - 1) * log_gaps - gaps * shape
    )
    angles = 2 * np.pi * np.arange(12) / 12
    leaning = log_softmax(SEASON * np.cos(angles[:, None] - angles[None, :]), axis=1) + np.log(12)
    seasonal = np.where(seasons_seen > 0, logsumexp(months @ leaning.T, axis=1) - np.log(12), -np.inf)
    scores = np.stack([routine - chance, seasonal, np.zeros_like(chance)], axis=1)
    return np.asarray(np.exp(log_softmax(scores, axis=1)))


def customer_maturity(tenure: Floats) -> Floats:
    logs = np.log(np.maximum(tenure, 1))
    return descending(*(expit((np.log(cut) - logs) / MATURING) for cut in (182.5, 730.0)))


def repurchase_behavior(returning: Floats, spread: Floats) -> Floats:
    """`returning`: P(an order within 365 days); `spread`: standard error of its logit."""
    inside = np.clip(returning, 1e-9, 1 - 1e-9)
    logits, width = np.log(inside) - np.log1p(-inside), np.maximum(spread, 0.2)
    return descending(*(ndtr((np.log(cut / (1 - cut)) - logits) / width) for cut in (0.4, 0.8)))


def return_behavior(refunds: Floats) -> Floats:
    return between(*(gammainc(refunds + 0.5, cut) for cut in (0.5, 2.5)))


def communication_preference(written: Floats, called: Floats, orders: Floats, calls_usual: float) -> Floats:
    """`calls_usual`: the share of the desk's cases that are calls."""
    contacts = written + called
    calling = (called + PRIOR_WEIGHT * calls_usual) / (contacts + PRIOR_WEIGHT)
    alone = np.where(contacts > 0, 0.0, orders / (orders + 1))
    return np.stack([alone, (1 - alone) * (1 - calling), (1 - alone) * calling], axis=1)


def problem_complexity_profile(points: Floats, cases: Floats) -> Floats:
    """`points`: one for each way in which a case was hard."""
    return between(*(gammainc(points + 0.5, cut * (cases + 0.5)) for cut in (0.5, 1.5)))


def loyalty_trajectory(lately: Floats, before: Floats) -> Floats:
    """Order days of the last 180 days, and of the 180 before."""
    return descending(*(betainc(lately + 0.5, before + 0.5, cut) for cut in (1 / 3, 2 / 3)))


def product_knowledge(depth: Floats, how_to: Floats) -> Floats:
    """A proxy. `depth`: lines of the category bought most; `how_to`: cases that asked how something works."""
    logs = np.log1p(depth / (1 + how_to))
    return descending(*(expit((np.log1p(cut) - logs) / KNOWING) for cut in (2.5, 7.5)))


def value_sophistication(price_rank: Floats, discounted: Floats, pieces: Floats) -> Floats:
    """A proxy. `price_rank`: 0..1 among what the shop's customers pay for a piece; `discounted`: a share."""
    rank = (price_rank * pieces + 0.5 * PRIOR_WEIGHT) / (pieces + PRIOR_WEIGHT)
    score = rank - discounted / 2
    shares = between(*(expit((cut - score) / VALUING) for cut in (0.25, 0.6)))
    return shares[:, [1, 2, 0]]
