"""The formulae against simulation, against each other, and against what must be true."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import invgamma

from providers.statistical.arrays import Purses, Visits
from providers.statistical.counting import distribution, expected
from providers.statistical.purchasing import Rates, alive, log_likelihood, risk, silence
from providers.statistical.spending import Spread, mean_at_most, mean_order, quantile, total_at_most
from providers.statistics import PurchaseParameters
from tests.providers.statistical.simulating import order_times, seen

RATES = Rates(r=0.9, alpha=40.0, a=0.8, b=2.2)
SPREAD = Spread(p=6.0, q=3.5, v=40.0)
A_POSITIVE = st.floats(0.05, 20)
SOME_RATES = st.builds(Rates, r=A_POSITIVE, alpha=st.floats(1, 500), a=A_POSITIVE, b=A_POSITIVE)


@st.composite
def customers(draw) -> Visits:
    x = draw(st.integers(0, 60))
    t_x = draw(st.integers(x, 1500)) if x else 0
    return one(x, t_x, t_x + draw(st.integers(0, 1500)))


def one(x: float, t_x: float, t: float) -> Visits:
    return Visits(np.array([float(x)]), np.array([float(t_x)]), np.array([float(t)]))


def parameters(rates: Rates, spread: float = 0.02) -> PurchaseParameters:
    covariance = tuple(map(tuple, (np.eye(4) * spread).tolist()))
    return PurchaseParameters(
        r=rates.r, alpha=rates.alpha, a=rates.a, b=rates.b, covariance=covariance, log_likelihood=0.0
    )


# ---------------------------------------------------------------- against each other


@given(SOME_RATES, customers(), st.floats(1, 1000))
def test_silence_is_how_much_less_likely_the_longer_silence_is(rates, customer, horizon) -> None:
    """P0(s) = L(x, t_x, T + s) / L(x, t_x, T)."""
    later = Visits(customer.x, customer.t_x, customer.t + horizon)
    logs = log_likelihood(rates, later)[0] - log_likelihood(rates, customer)[0]
    assert silence(rates, customer, horizon) == pytest.approx(np.exp(logs), rel=1e-7, abs=1e-12)


@given(SOME_RATES, customers(), st.floats(1, 1000))
def test_units_do_not_matter(rates, customer, horizon) -> None:
    weekly = Rates(rates.r, rates.alpha / 7, rates.a, rates.b)
    weeks = Visits(customer.x, customer.t_x / 7, customer.t / 7)
    assert silence(weekly, weeks, horizon / 7) == pytest.approx(silence(rates, customer, horizon), abs=1e-12)
    assert expected(weekly, weeks, horizon / 7) == pytest.approx(
        expected(rates, customer, horizon), rel=1e-6, abs=1e-9
    )


@given(SOME_RATES, customers(), st.floats(1, 1000))
def test_the_expectation_is_that_of_the_distribution(rates, customer, horizon) -> None:
    chances = distribution(rates, customer, horizon)
    assert chances.sum() == pytest.approx(1, abs=1e-7)
    assert chances.min() >= -1e-12
    assert chances[0] == pytest.approx(silence(rates, customer, horizon).item(), abs=1e-9)
    told = expected(rates, customer, horizon).item()
    assert chances @ np.arange(len(chances)) == pytest.approx(told, rel=1e-4, abs=1e-6)


@given(customers(), st.floats(1, 1000), st.floats(-1e-6, 1e-6))
def test_the_expectation_passes_through_a_equal_to_one(customer, horizon, off) -> None:
    around = [Rates(0.9, 40.0, 1 + by, 2.2) for by in (-1e-3, off, 1e-3)]
    below, at, above = (expected(rates, customer, horizon).item() for rates in around)
    assert min(below, above) * 0.999 <= at <= max(below, above) * 1.001


@given(SOME_RATES, customers())
def test_the_slopes_are_those_of_the_likelihood(rates, customer) -> None:
    names, slopes = ("r", "alpha", "a", "b"), log_likelihood(rates, customer)[1][:, 0]
    for name, slope in zip(names, slopes, strict=True):
        values = {each: getattr(rates, each) for each in names}
        step = 1e-6 * values[name]
        up, down = (Rates(**values | {name: values[name] + by}) for by in (step, -step))
        told = (log_likelihood(up, customer)[0] - log_likelihood(down, customer)[0]).item() / (2 * step)
        assert slope == pytest.approx(told, rel=1e-3, abs=1e-3)


@given(SOME_RATES, customers(), st.floats(5, 400))
def test_the_uncertainty_of_the_risk_follows_from_that_of_the_parameters(rates, customer, horizon) -> None:
    assume(1e-5 < silence(rates, customer, horizon).item() < 1 - 1e-5)
    told = risk(parameters(rates), customer, horizon)
    slopes = []
    for name in ("r", "alpha", "a", "b"):
        values = {each: getattr(rates, each) for each in ("r", "alpha", "a", "b")}
        up, down = (Rates(**values | {name: values[name] * np.exp(by)}) for by in (1e-5, -1e-5))
        logits = [np.log(1 / (1 / silence(each, customer, horizon) - 1)).item() for each in (up, down)]
        slopes.append((logits[0] - logits[1]) / 2e-5)
    assert told.spread.item() == pytest.approx(np.sqrt(0.02 * np.sum(np.square(slopes))), rel=1e-2, abs=1e-4)
    low, high = told.interval
    assert low <= told.silent <= high


# ---------------------------------------------------------------- what must be true


@given(SOME_RATES, customers(), st.floats(1, 500), st.floats(1, 500))
def test_a_longer_horizon_is_less_likely_to_stay_silent(rates, customer, horizon, more) -> None:
    assert silence(rates, customer, horizon + more) <= silence(rates, customer, horizon) + 1e-12
    assert expected(rates, customer, horizon + more) >= expected(rates, customer, horizon) - 1e-9


@given(SOME_RATES, customers(), st.floats(1, 500), st.integers(1, 500))
def test_the_longer_somebody_is_silent_the_less_they_will_order(rates, customer, horizon, more) -> None:
    later = Visits(customer.x, customer.t_x, customer.t + more)
    assert silence(rates, later, horizon) >= silence(rates, customer, horizon) - 1e-12
    assert alive(rates, later) <= alive(rates, customer) + 1e-12


@given(SOME_RATES, customers(), st.integers(1, 1000))
def test_at_the_same_silence_an_older_order_history_of_as_many_is_slower(rates, customer, older) -> None:
    if customer.x == 0:
        return
    slower = Visits(customer.x, customer.t_x + older, customer.t + older)
    quick, slow = (
        expected(rates, each, 90.0) / alive(rates, each).clip(1e-300) for each in (customer, slower)
    )
    assert slow <= quick + 1e-9


def test_more_orders_raise_the_risk_of_one_who_has_gone_silent() -> None:
    """Why a sign is no template."""
    few, many = one(1, 300, 700), one(20, 300, 700)
    assert silence(RATES, many, 90.0) > silence(RATES, few, 90.0)
    fresh_few, fresh_many = one(1, 300, 310), one(20, 300, 310)
    assert silence(RATES, fresh_many, 90.0) < silence(RATES, fresh_few, 90.0)


@pytest.mark.parametrize("x", [0, 1, 1500, 3650])
@pytest.mark.parametrize("silent_for", [0, 1, 400, 20_000])
@pytest.mark.filterwarnings("error")
def test_no_history_is_too_odd_for_a_figure(x: int, silent_for: int) -> None:
    customer = one(x, x, x + silent_for)
    for horizon in (1.0, 90.0, 1096.0):
        told = risk(parameters(RATES), customer, horizon)
        assert 0 <= told.silent.item() <= 1
        assert np.isfinite(told.spread).all()
        chances = distribution(RATES, customer, horizon)
        assert np.isfinite(chances).all()
        assert chances.sum() == pytest.approx(1, abs=1e-6)
        assert np.isfinite(expected(RATES, customer, horizon)).all()


# ---------------------------------------------------------------- against simulation


@pytest.fixture(scope="module")
def lives() -> tuple[Visits, np.ndarray]:
    """A hundred thousand customers of RATES watched for 300 days, and their orders in the 90 after."""
    random = np.random.default_rng(7)
    tenures = np.full(100_000, 300.0)
    times = order_times(RATES, tenures + 90, random)
    before = [each[each <= 300] for each in times]
    return seen(before, tenures), np.array([(each > 300).sum() for each in times])


def test_silence_comes_about_as_often_as_told(lives) -> None:
    customers_seen, after = lives
    told = silence(RATES, customers_seen, 90.0)
    for x in (0, 1, 2, 5):
        some = customers_seen.x == x
        error = 4 * np.sqrt(told[some].mean() * (1 - told[some].mean()) / some.sum())
        assert (after[some] == 0).mean() == pytest.approx(told[some].mean(), abs=error), x


def test_as_many_orders_come_as_expected(lives) -> None:
    customers_seen, after = lives
    told = expected(RATES, customers_seen, 90.0)
    for some in (customers_seen.x == 0, customers_seen.x == 3, customers_seen.x > 8):
        error = 4 * np.sqrt((after[some] - told[some]).var() * some.sum())
        assert told[some].sum() == pytest.approx(after[some].sum(), abs=error)


def test_counts_of_orders_come_about_as_often_as_told(lives) -> None:
    customers_seen, after = lives
    rows = np.flatnonzero((customers_seen.x == 4) & (customers_seen.t_x > 200))[:400]
    told = np.zeros(3)
    for row in rows:
        told += distribution(RATES, customers_seen.within(np.arange(len(after)) == row), 90.0)[:3]
    came = [(after[rows] == n).mean() for n in range(3)]
    assert came == pytest.approx(list(told / len(rows)), abs=0.1)


# ---------------------------------------------------------------- amounts


@given(st.integers(1, 30), st.floats(1, 5000), st.floats(1, 2000))
def test_the_mean_order_is_as_its_density_says(n, spent, cut) -> None:
    purses = Purses(np.array([float(n)]), np.array([spent]))
    shape, scale = SPREAD.q + SPREAD.p * n, (SPREAD.v + spent) * SPREAD.p

    told = mean_at_most(SPREAD, purses, cut).item()
    assert told == pytest.approx(invgamma.cdf(cut, shape, scale=scale), abs=1e-9)


def test_the_interval_of_a_value_holds_nine_in_ten_of_what_comes() -> None:
    random = np.random.default_rng(3)
    customer, purses = one(5, 200, 220), Purses(np.array([6.0]), np.array([300.0]))
    chances = distribution(RATES, customer, 365.0)
    at_most = total_at_most(chances, SPREAD, purses)
    low, high = (quantile(at_most, share, 100.0) for share in (0.05, 0.95))
    counts = random.choice(len(chances), 200_000, p=chances / chances.sum())
    nu = random.gamma(SPREAD.q + SPREAD.p * 6, 1 / (SPREAD.v + 300), size=len(counts))
    totals = np.where(counts > 0, random.gamma(np.maximum(SPREAD.p * counts, 1e-9)) / nu, 0)
    assert (totals <= high).mean() == pytest.approx(0.95, abs=0.003)
    if low > 0:
        assert (totals <= low).mean() == pytest.approx(0.05, abs=0.003)
    told = mean_order(SPREAD, purses).item() * (chances @ np.arange(len(chances)))
    assert totals.mean() == pytest.approx(told, rel=0.01)


def test_a_value_of_nothing_is_within_the_interval_of_one_who_will_hardly_come() -> None:
    customer, purses = one(0, 0, 600), Purses(np.array([1.0]), np.array([50.0]))
    at_most = total_at_most(distribution(RATES, customer, 90.0), SPREAD, purses)
    assert quantile(at_most, 0.05, 1.0) == 0
