"""A customer's kind, named by four axes, and how common it is in the shop."""

from collections.abc import Mapping
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from providers.axes import AXES
from providers.statistical import knowing
from providers.statistical.arrays import Flags, Floats, Shoppers
from providers.statistical.axes import memberships
from providers.statistical.spending import Spread
from providers.statistics import ShopFigures, SpendParameters

VERSION = "1"
NAMED_BY = ("purchase_frequency", "purchase_value", "price_sensitivity", "customer_maturity")
SEGMENTS: Mapping[str, tuple[str, ...]] = {
    axis.name: tuple(segment.name for segment in axis.segments) for axis in AXES
}
NOT_KNOWN = "any"
SLUGS: Mapping[str, str] = {
    "weekly_shopper": "weekly",
    "monthly_shopper": "monthly",
    "occasional_buyer": "occasional",
    "one_time_buyer": "one-time",
    "high_value": "high-value",
    "medium_value": "medium-value",
    "low_value": "low-value",
    "full_price_buyer": "full-price",
    "value_seeker": "value-seeking",
    "deal_hunter": "deal-hunting",
    "long_term_loyal": "long-term",
    "established": "established",
    "new_customer": "new",
}


def archetype_id(dominant: Mapping[str, str]) -> str | None:
    """A hash of the four segments, and the same as words; None where none of them is known."""
    named = [dominant.get(axis, NOT_KNOWN) for axis in NAMED_BY]
    if set(named) == {NOT_KNOWN}:
        return None
    digest = sha256("|".join([VERSION, *named]).encode()).hexdigest()[:8]
    return "_".join(["arch", digest, *(SLUGS[segment] for segment in named if segment != NOT_KNOWN)])


def shares(shoppers: Shoppers, figures: ShopFigures, spend: SpendParameters | None) -> dict[str, float]:
    """Id → share of the customers, the commonest first."""
    dominant = [_dominant(axis, shares, known) for axis, shares, known in _axes(shoppers, figures, spend)]
    codes = np.ravel_multi_index(tuple(dominant), tuple(len(SEGMENTS[axis]) + 1 for axis in NAMED_BY))
    met, counts = np.unique(codes, return_counts=True)
    ids = [_id_of(int(code)) for code in met]
    told = {known: float(count) / len(shoppers) for known, count in zip(ids, counts, strict=True) if known}
    return dict(sorted(told.items(), key=lambda entry: (-entry[1], entry[0])))


def _axes(
    shoppers: Shoppers, figures: ShopFigures, spend: SpendParameters | None
) -> list[tuple[str, Floats, Flags]]:
    """Memberships of the four axes, and for whom each is known."""
    count = len(shoppers)
    nobody = np.zeros(count, dtype=bool)
    value, price = np.ones((count, 3)), np.ones((count, 3))
    pays, compares = nobody, nobody
    if spend is not None:
        pays = shoppers.paying
        value[pays] = memberships.purchase_value(
            Spread.of(spend), shoppers.purses.within(pays), figures.value_cuts
        )
    if figures.discounted_share is not None:
        compares = shoppers.orders >= knowing.FEWEST_ORDERS_FOR_DISCOUNTS
        price = memberships.price_sensitivity(shoppers.discounted, shoppers.orders, figures.discounted_share)
    visits = shoppers.visits
    frequency = memberships.purchase_frequency(shoppers.recent_days, visits.x + 1)
    known = ~knowing.truncated(visits, float(visits.t.max()))
    return [
        ("purchase_frequency", frequency, ~nobody),
        ("purchase_value", value, pays),
        ("price_sensitivity", price, compares),
        ("customer_maturity", memberships.customer_maturity(visits.t), known),
    ]


def _dominant(axis: str, shares: Floats, known: Flags) -> NDArray[np.int64]:
    """The column of the largest share, or one past the last where it is not known."""
    return np.where(known, shares.argmax(axis=1), len(SEGMENTS[axis]))


def _id_of(code: int) -> str | None:
    columns = np.unravel_index(code, tuple(len(SEGMENTS[axis]) + 1 for axis in NAMED_BY))
    named = zip(NAMED_BY, map(int, columns), strict=True)
    return archetype_id({axis: SEGMENTS[axis][at] for axis, at in named if at < len(SEGMENTS[axis])})
