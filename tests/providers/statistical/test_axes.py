"""The 13 axes: the plain rules of the catalogue, with shares that sum to 1, or why not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.axes import AXES
from providers.statistical import archetypes
from providers.statistical.archetypes import NAMED_BY, SEGMENTS, archetype_id
from providers.statistical.arrays import Purses, gather
from providers.statistical.axes import memberships
from providers.statistical.axes.reading import on_axes
from providers.statistical.forecasting import Foreseen
from providers.statistical.spending import Spread
from providers.statistics import ContactStatistics, LineFact, summarise
from tests.providers.statistical.shops import columns, fitted_on, order, shop
from tests.providers.statistical.test_odd_shops import TODAY, ago

A_MILLION = 1_000_000


def arr(*values: float) -> np.ndarray:
    return np.array([float(value) for value in values])


def named(axis: str, shares: np.ndarray) -> str:
    return SEGMENTS[axis][int(shares[0].argmax())]


def told(orders, contacts=None, *, among=None):
    """As one beside the customers of a shop, or of the usual one."""
    fitted = usual() if among is None else fitted_on(among, TODAY)
    return on_axes(Foreseen(summarise(orders, contacts, as_of=TODAY), fitted, TODAY.toordinal()))


@cache
def usual():
    return fitted_on(shop(TODAY), TODAY)


@cache
def young():
    return fitted_on(shop(TODAY, days=720), TODAY)


# ---------------------------------------------------------------- plain rules


@pytest.mark.parametrize(
    ("orders", "segment"),
    [
        (1, "one_time_buyer"),
        *((n, "occasional_buyer") for n in (2, 5)),
        *((n, "monthly_shopper") for n in (6, 12)),
        *((n, "weekly_shopper") for n in (13, 52, 365)),
    ],
)
def test_frequency_is_orders_a_year(orders: int, segment: str) -> None:
    assert named("purchase_frequency", memberships.purchase_frequency(arr(orders), arr(orders))) == segment


def test_who_has_ordered_before_is_no_one_time_buyer() -> None:
    shares = memberships.purchase_frequency(arr(1), arr(4))
    assert named("purchase_frequency", shares) == "occasional_buyer"
    assert shares[0, 3] == 0


@pytest.mark.parametrize(("mean", "segment"), [(30, "low_value"), (90, "medium_value"), (400, "high_value")])
def test_value_is_the_average_order(mean: float, segment: str) -> None:
    shares = memberships.purchase_value(Spread(6, 3.5, 40), Purses(arr(20), arr(20 * mean)), (50, 150))
    assert named("purchase_value", shares) == segment
    assert shares[0].max() > 0.9


@pytest.mark.parametrize(
    ("categories", "segment"),
    [(1, "focused_buyer"), (2, "variety_seeker"), (3, "variety_seeker"), (4, "explorer"), (16, "explorer")],
)
def test_exploration_is_the_number_of_categories(categories: int, segment: str) -> None:
    assert named("category_exploration", memberships.category_exploration(arr(categories))) == segment


@pytest.mark.parametrize(
    ("refunds", "segment"),
    [(0, "never_returns"), (1, "occasional_returner"), (2, "occasional_returner"), (3, "frequent_returner")],
)
def test_returns_are_counted(refunds: int, segment: str) -> None:
    assert named("return_behavior", memberships.return_behavior(arr(refunds))) == segment


@pytest.mark.parametrize(
    ("days", "segment"),
    [
        (0, "new_customer"),
        (182, "new_customer"),
        (183, "established"),
        (720, "established"),
        (740, "long_term_loyal"),
    ],
)
def test_maturity_is_tenure(days: int, segment: str) -> None:
    assert named("customer_maturity", memberships.customer_maturity(arr(days))) == segment


@pytest.mark.parametrize(
    ("discounted", "segment"), [(0, "full_price_buyer"), (8, "value_seeker"), (19, "deal_hunter")]
)
def test_sensitivity_is_the_share_of_discounted_orders(discounted: int, segment: str) -> None:
    assert named("price_sensitivity", memberships.price_sensitivity(arr(discounted), arr(20), 0.3)) == segment


@pytest.mark.parametrize(
    ("returning", "segment"), [(0.9, "highly_loyal"), (0.6, "moderate_repeater"), (0.1, "low_loyalty")]
)
def test_repurchase_is_the_chance_of_an_order_within_a_year(returning: float, segment: str) -> None:
    assert named("repurchase_behavior", memberships.repurchase_behavior(arr(returning), arr(0.1))) == segment


@pytest.mark.parametrize(
    ("lately", "before", "segment"),
    [(9, 1, "growing_engagement"), (4, 4, "stable"), (1, 9, "declining"), (0, 5, "declining")],
)
def test_trajectory_compares_two_half_years(lately: int, before: int, segment: str) -> None:
    assert named("loyalty_trajectory", memberships.loyalty_trajectory(arr(lately), arr(before))) == segment


@pytest.mark.parametrize(
    ("points", "cases", "segment"),
    [(0, 3, "simple_questions"), (3, 3, "moderate_issues"), (9, 3, "complex_problems")],
)
def test_complexity_is_points_per_case(points: int, cases: int, segment: str) -> None:
    shares = memberships.problem_complexity_profile(arr(points), arr(cases))
    assert named("problem_complexity_profile", shares) == segment


@pytest.mark.parametrize(
    ("days", "segment"),
    [
        (range(0, 700, 30), "routine_buyer"),
        ([0, 3, 4, 100, 101, 103, 290, 291, 480, 481, 700], "irregular"),
        ([*range(0, 40, 13), *range(365, 400, 11), *range(731, 760, 9)], "seasonal_shopper"),
    ],
)
def test_cadence_is_told_by_the_gaps_and_the_season(days, segment: str) -> None:
    orders = [order(ago(800 - day)) for day in days]
    assert told(orders).dominant["purchase_cadence"] == segment


# ---------------------------------------------------------------- all of them


@given(st.lists(st.integers(0, 400), min_size=1, max_size=20), st.floats(0.01, 0.99))
def test_shares_sum_to_one_for_many_at_once(counts, share) -> None:
    n = arr(*counts)
    for shares in (
        memberships.purchase_frequency(n + 1, n + 1),
        memberships.category_exploration(n),
        memberships.return_behavior(n),
        memberships.customer_maturity(n),
        memberships.price_sensitivity(n / 2, n + 2, share),
        memberships.repurchase_behavior(np.full_like(n, share), n / 100),
        memberships.loyalty_trajectory(n, n[::-1]),
        memberships.problem_complexity_profile(n, n + 1),
        memberships.communication_preference(n, n[::-1], n, share),
        memberships.product_knowledge(n, n[::-1]),
        memberships.value_sophistication(n / 400, n / 400, n),
    ):
        assert shares.shape[0] == len(n)
        assert shares.min() >= 0
        assert shares.sum(axis=1) == pytest.approx(np.ones_like(n))


def test_every_axis_of_the_catalogue_is_told_or_says_why() -> None:
    lines = tuple(LineFact(category, 1, order(TODAY).total) for category in ("tea", "cups", "tea"))
    orders = [order(ago(40 * n), lines=lines, discounted=n % 2 == 0) for n in range(1, 25)]
    contacts = ContactStatistics(channels={"email": 3, "phone": 1}, long=1, how_to=1)
    priced = {"c": orders} | {
        name: [replace(each, lines=(LineFact(None, 2, each.total / 2),)) for each in some]
        for name, some in shop(TODAY).items()
    }
    axes = told(orders, contacts, among=priced)
    assert axes.memberships.keys() | axes.unknown.keys() == {axis.name for axis in AXES}
    assert axes.unknown == {}
    assert not axes.lapsed


def test_who_was_silent_for_a_year_has_lapsed() -> None:
    assert told([order(ago(800)), order(ago(400))]).lapsed


@pytest.mark.parametrize(
    ("axis", "why", "orders"),
    [
        ("purchase_frequency", "no_orders", []),
        ("purchase_value", "no_positive_order", [order(ago(9), 0)]),
        ("category_exploration", "no_categories", [order(ago(9))]),
        ("price_sensitivity", "few_orders", [order(ago(9))]),
        ("price_sensitivity", "no_discounts_recorded", [order(ago(9)), order(ago(90))]),
        ("purchase_cadence", "few_orders", [order(ago(9)), order(ago(90))]),
        ("customer_maturity", "truncated_history", [order(ago(715))]),
        ("return_behavior", "few_orders", [order(ago(9))]),
        ("return_behavior", "orders_too_recent", [order(ago(9)), order(ago(12))]),
        ("communication_preference", "no_contacts", [order(ago(9))]),
        ("problem_complexity_profile", "no_contacts", [order(ago(9))]),
        ("loyalty_trajectory", "short_tenure", [order(ago(9))]),
        ("loyalty_trajectory", "few_recent_orders", [order(ago(600)), order(ago(90))]),
        ("product_knowledge", "few_lines", [order(ago(9))]),
        ("value_sophistication", "few_lines", [order(ago(9))]),
    ],
)
def test_an_axis_that_cannot_be_told_says_why(axis: str, why: str, orders) -> None:
    statistics = summarise(orders, as_of=TODAY)
    axes = on_axes(Foreseen(statistics, young(), TODAY.toordinal()))
    assert axes.unknown[axis] == why
    assert axis not in axes.memberships


def test_one_who_manages_without_contacts_is_told_so() -> None:
    axes = told([order(ago(300)), order(ago(200)), order(ago(100))])
    assert axes.dominant["communication_preference"] == "self_service"


# ---------------------------------------------------------------- archetypes


def test_an_archetype_has_the_same_name_in_every_process() -> None:
    """The language's own hash of a text differs from start to start."""
    named_four = dict(
        zip(NAMED_BY, ("monthly_shopper", "high_value", "deal_hunter", "established"), strict=True)
    )
    assert archetype_id(named_four) == "arch_0cd7efb2_monthly_high-value_deal-hunting_established"
    assert archetype_id({}) is None


def test_the_shares_of_archetypes_are_what_single_customers_are_told() -> None:
    orders = {name: [*some] for name, some in shop(TODAY).items()}
    orders["d"] = [order(ago(90), discounted=True), order(ago(30))]
    fitted = fitted_on(orders, TODAY)
    kinds = [
        archetype_id(on_axes(Foreseen(summarise(some), fitted, TODAY.toordinal())).dominant)
        for some in orders.values()
    ]
    assert fitted.archetypes == pytest.approx({kind: kinds.count(kind) / len(kinds) for kind in set(kinds)})


def test_a_million_customers_are_named_at_once() -> None:
    told_of = columns([summarise(some) for some in shop(TODAY).values()])
    times = A_MILLION // len(told_of.first_days)
    shoppers = gather([told_of] * times, TODAY.toordinal())
    fitted = fitted_on(shop(TODAY), TODAY)
    shares = archetypes.shares(shoppers, fitted.figures, fitted.spend)
    assert shares == pytest.approx(fitted.archetypes)
