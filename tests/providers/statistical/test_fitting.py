"""The fit finds the truth, whatever the order of the rows, and knows only the past."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from scipy.optimize import minimize

from benchmarks.intelligence import cdnow
from providers.statistical.arrays import Visits
from providers.statistical.fitting import fit
from providers.statistical.maximising import amounts, purchases
from providers.statistical.purchasing import Rates, log_likelihood, silence
from providers.statistical.spending import Spread
from providers.statistics import ShopParameters, StatisticsColumns, summarise
from tests.providers.statistical.shops import columns, fitted_on, order, shop
from tests.providers.statistical.simulating import order_times, purses, seen_by_day

TODAY = date(2026, 3, 1)


def test_what_was_fitted_survives_the_way_through_json() -> None:
    fitted = fitted_on(shop(TODAY), TODAY)
    assert msgspec.json.decode(msgspec.json.encode(fitted), type=ShopParameters) == fitted


def test_every_start_leads_to_the_same_parameters() -> None:
    """Ours is one of them: the surface has no second summit."""
    days = cdnow.visits("sample")
    found = purchases(days, prior=None)
    random = np.random.default_rng(0)

    def cost(logs):
        value, slopes = log_likelihood(Rates(*np.exp(logs)), days)
        return -value.sum(), -slopes.sum(axis=1) * np.exp(logs)

    for _ in range(5):
        start = np.log([0.5, 40, 1, 2.5]) + random.normal(0, 1, 4)
        other = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 500})
        assert -other.fun == pytest.approx(found.log_likelihood, abs=0.01)


@pytest.mark.parametrize("seed", range(4))
def test_a_truth_drawn_at_random_is_recovered(seed: int) -> None:
    """By its risks: parameters that tell the same risks are the same to a desk."""
    random = np.random.default_rng(seed)
    truth = Rates(
        r=random.uniform(0.4, 2),
        alpha=random.uniform(20, 120),
        a=random.uniform(0.4, 1.5),
        b=random.uniform(1, 4),
    )
    tenures = random.integers(60, 700, 8000).astype(float)
    days = seen_by_day(order_times(truth, tenures, random), tenures)
    found = Rates.of(purchases(days))
    told, true = (silence(rates, days, 90.0) for rates in (found, truth))
    assert np.abs(told - true).mean() < 0.02
    assert abs(told.mean() - true.mean()) < 0.015


@pytest.mark.parametrize("truth", [Spread(6.0, 3.7, 15.0), Spread(2.0, 5.0, 300.0)])
def test_amounts_drawn_at_random_are_recovered(truth: Spread) -> None:
    random = np.random.default_rng(5)
    found = amounts(purses(truth, random.integers(1, 12, 8000).astype(float), random), "EUR")
    assert found.p == pytest.approx(truth.p, rel=0.08)
    assert found.q == pytest.approx(truth.q, rel=0.12)
    assert found.v * found.p / (found.q - 1) == pytest.approx(truth.v * truth.p / (truth.q - 1), rel=0.03)


def test_the_order_of_the_rows_does_not_matter() -> None:
    told = [summarise(orders, as_of=TODAY) for orders in shop(TODAY).values()]
    shuffled = [told[at] for at in np.random.default_rng(1).permutation(len(told))]
    one, other = (fit([columns(rows)], as_of=TODAY) for rows in (told, shuffled))
    assert replace(one, spend=None) == replace(other, spend=None)
    assert one.spend is not None
    assert other.spend is not None
    assert other.spend.p == pytest.approx(one.spend.p, rel=1e-4)


def test_parts_or_a_whole_make_no_difference() -> None:
    told = [summarise(orders, as_of=TODAY) for orders in shop(TODAY).values()]
    assert fit([columns(told[:7]), columns(told[7:])], as_of=TODAY) == fit([columns(told)], as_of=TODAY)


def test_who_comes_later_is_not_known_yet() -> None:
    orders = dict(shop(TODAY))
    before = fitted_on(orders, TODAY)
    orders["late"] = [order(TODAY + timedelta(days=3), 9000)]
    rows = [summarise(each) for each in orders.values()]
    assert fit([columns(rows)], as_of=TODAY) == before


def test_amounts_in_another_unit_scale() -> None:
    cents = {
        name: [replace(each, total=each.total * 100) for each in orders]
        for name, orders in shop(TODAY).items()
    }
    euros, in_cents = fitted_on(shop(TODAY), TODAY), fitted_on(cents, TODAY)
    assert euros.spend is not None
    assert in_cents.spend is not None
    assert in_cents.spend.q == pytest.approx(euros.spend.q, rel=1e-3)
    assert in_cents.spend.v == pytest.approx(100 * euros.spend.v, rel=1e-2)


def test_the_catalogues_cuts_of_value_hold_unless_all_lie_on_one_side() -> None:
    usual = fitted_on(shop(TODAY), TODAY)
    assert usual.figures.value_cuts == (50.0, 150.0)
    dear = {
        name: [replace(each, total=each.total * 100) for each in orders]
        for name, orders in shop(TODAY).items()
    }
    low, high = fitted_on(dear, TODAY).figures.value_cuts
    assert 1000 < low < high
    assert high == pytest.approx(3 * low)


def test_progress_is_told() -> None:
    said: list[tuple[str, int]] = []
    rows = columns([summarise(orders, as_of=TODAY) for orders in shop(TODAY).values()])
    fit([rows], as_of=TODAY, progress=lambda doing, done: said.append((doing, done)))
    assert ("customers", 400) in said
    assert "purchases" in dict(said)


def test_shares_of_kinds_and_of_unknowns_are_shares() -> None:
    fitted = fitted_on(shop(TODAY), TODAY)
    assert 0 < sum(fitted.archetypes.values()) <= 1.0000001
    assert all(0 < share <= 1 for share in fitted.unknown.values())


def test_many_identical_rows_are_one() -> None:
    """A shop of a million has few histories that differ."""
    once = StatisticsColumns(
        **{
            name: [value] * 50_000
            for name, value in {
                "first_days": 738_000,
                "last_days": 738_100,
                "order_days": 3,
                "orders": 3,
                "recent_days": 3,
                "currencies": "EUR",
                "positive_days": 3,
                "positive_spends": 90.0,
                "discounted_orders": 1,
                "pieces": 4,
                "pieces_spends": 90.0,
            }.items()
        }
    )
    fitted = fit([once], as_of=date.fromordinal(738_400))
    assert fitted.customers == 50_000
    assert fitted.purchase is not None
    assert np.isfinite(fitted.purchase.log_likelihood)


def test_days_and_amounts_as_the_papers_have_them_make_one_visit_each() -> None:
    told = summarise([order(TODAY, 10), order(TODAY, 5), order(TODAY - timedelta(days=40), Decimal(7))])
    one = Visits.of(told, TODAY.toordinal() + 10)
    assert (one.x.item(), one.t_x.item(), one.t.item()) == (1, 40, 50)
