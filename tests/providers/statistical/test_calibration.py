"""How good the predictions are on the CDNOW holdouts, within the figures of docs/intelligence.md."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks.intelligence import cdnow
from benchmarks.intelligence.cdnow import AS_OF, HOLDOUT_DAYS
from providers.statistical.backtesting import TooShortAPast, backtest, refusal
from providers.statistical.fitting import fit
from providers.statistical.measuring import auc, calibration_error, deciles
from providers.statistical.purchasing import Rates, alive, silence
from providers.statistical.showing import deciles_as_png, deciles_as_text, figures_as_text
from providers.statistics import OrderColumns, ShopParameters, summarise
from tests.providers.statistical.shops import columns, order, shop
from tests.providers.statistical.test_odd_shops import TODAY

END = AS_OF + timedelta(days=HOLDOUT_DAYS)


@pytest.fixture(scope="module")
def sample():
    return backtest([cdnow.purchases("sample").columns()], as_of=END, origins=1)[0]


@pytest.fixture(scope="module")
def master():
    return backtest([cdnow.purchases("master").columns()], as_of=END, origins=1)[0]


@pytest.fixture(scope="module")
def parameters() -> ShopParameters:
    rows = [summarise(orders, as_of=AS_OF) for orders in cdnow.purchases("sample").facts().values()]
    return fit([columns(rows)], as_of=AS_OF)


def test_the_sample_is_foretold_as_well_as_documented(sample) -> None:
    assert (sample.customers, sample.origins) == (2357, (AS_OF.toordinal(),))
    assert sample.brier == pytest.approx(0.1096, abs=0.0005)
    assert sample.auc == pytest.approx(0.789, abs=0.002)
    assert sample.calibration_error <= 0.027
    assert sample.mean_predicted == pytest.approx(0.854, abs=0.001)
    assert sample.mean_observed == pytest.approx(0.831, abs=0.001)
    assert sample.brier < sample.base_brier


def test_the_master_file_is_foretold_as_well_as_documented(master) -> None:
    assert master.customers == 23_570
    assert master.brier == pytest.approx(0.1175, abs=0.001)
    assert master.auc == pytest.approx(0.768, abs=0.003)
    assert master.calibration_error <= 0.034


def test_totals_of_value_run_low_before_christmas_as_documented(sample) -> None:
    assert 0.70 < sample.value_predicted / sample.value_observed < 0.9


def test_the_probability_of_being_alive_would_be_a_far_worse_risk(parameters) -> None:
    """Why the risk is that of no order within a horizon."""
    days = cdnow.visits("sample")
    after = cdnow.purchases("sample")
    came = {customer for customer, day in zip(after.customers, after.days, strict=True) if AS_OF < day <= END}
    silent = np.array([customer not in came for customer in cdnow.spending_days("sample")], dtype=float)
    rates = Rates.of(parameters.purchase)
    ours = np.mean((silence(rates, days, HOLDOUT_DAYS) - silent) ** 2)
    assert ours < 0.111
    assert np.mean((1 - alive(rates, days) - silent) ** 2) > 0.19


def test_nothing_after_the_day_leaks(sample) -> None:
    """Other orders in the future change what came about, never what was told."""
    bought = cdnow.purchases("sample")
    told = bought.columns()
    rows = zip(told.amounts, told.days, strict=True)
    later = replace(told, amounts=[amount * 9 if day > END.toordinal() else amount for amount, day in rows])
    assert backtest([later], as_of=END, origins=1)[0] == sample
    moved = replace(told, days=[d + 500 * (d > AS_OF.toordinal()) for d in told.days])
    silent, _ = backtest([moved], as_of=END, origins=1)
    assert silent.mean_predicted == pytest.approx(sample.mean_predicted, abs=1e-9)
    assert silent.mean_observed == 1


def test_ids_and_the_order_of_rows_do_not_matter(sample) -> None:
    told = cdnow.purchases("sample").columns()
    rows = np.random.default_rng(0).permutation(len(told.days))
    other = OrderColumns(
        customers=[10**9 - 7 * told.customers[at] for at in rows],
        days=[told.days[at] for at in rows],
        amounts=[told.amounts[at] for at in rows],
        currencies=[told.currencies[at] for at in rows],
    )
    shuffled, _ = backtest([other], as_of=END, origins=1)
    assert shuffled.brier == pytest.approx(sample.brier, abs=1e-9)
    assert shuffled.auc == pytest.approx(sample.auc, abs=1e-9)


# ---------------------------------------------------------------- rolling origin, and refusals


def log_of(orders) -> OrderColumns:
    rows = [(number, each) for number, some in enumerate(orders.values()) for each in some]
    return OrderColumns(
        customers=[number for number, _ in rows],
        days=[each.day.toordinal() for _, each in rows],
        amounts=[float(each.total) for _, each in rows],
        currencies=[each.currency for _, each in rows],
    )


def test_the_past_is_foretold_from_several_days() -> None:
    told, none = backtest([log_of(shop(TODAY))], as_of=TODAY)
    assert none is None
    assert [TODAY.toordinal() - day for day in told.origins] == [270, 180, 90]
    assert abs(told.mean_predicted - told.mean_observed) < 0.06
    assert sum(decile.customers for decile in told.deciles) == told.customers


def test_what_is_in_use_is_compared_on_the_same_days_and_customers(parameters) -> None:
    other = replace(parameters, spend=None, purchase=replace(parameters.purchase, alpha=2000.0))
    told, in_use = backtest([log_of(shop(TODAY))], as_of=TODAY, current=other)
    assert (in_use.origins, in_use.customers) == (told.origins, told.customers)
    assert in_use.mean_observed == told.mean_observed
    assert in_use.brier > told.brier, "its customers order far less often"


def test_worse_parameters_are_refused_with_the_figures(sample) -> None:
    worse = replace(sample, brier=sample.brier + 0.01)
    assert "0.1196" in refusal(worse, sample)
    assert refusal(sample, worse) is None
    assert refusal(replace(sample, brier=sample.brier + 0.001), sample) is None
    assert refusal(worse, None) is None


def test_a_shop_without_a_past_is_not_backtested() -> None:
    young = {f"c{n}": [order(TODAY - timedelta(days=n))] for n in range(50)}
    with pytest.raises(TooShortAPast):
        backtest([log_of(young)], as_of=TODAY)
    with pytest.raises(TooShortAPast):
        backtest([], as_of=TODAY)


# ---------------------------------------------------------------- measures


def test_a_perfect_and_a_useless_ranking() -> None:
    silent = np.array([0.0, 0.0, 1.0, 1.0])
    assert auc(np.array([0.1, 0.2, 0.8, 0.9]), silent) == 1
    assert auc(np.array([0.9, 0.8, 0.2, 0.1]), silent) == 0
    assert auc(np.full(4, 0.5), silent) == 0.5
    assert auc(silent, np.ones(4)) is None


def test_calibration_is_how_far_off_the_bins_are() -> None:
    silent = np.array([0.0, 1.0, 1.0, 1.0])
    assert calibration_error(np.array([0.25, 0.25, 1.0, 1.0]), silent) == pytest.approx(0.125)
    assert calibration_error(silent, silent) == 0


def test_few_customers_have_fewer_tenths() -> None:
    assert len(deciles(np.array([0.2, 0.4]), np.array([0.0, 1.0]))) == 2


# ---------------------------------------------------------------- for people


def test_a_backtest_is_shown_in_a_terminal_and_as_a_picture(sample) -> None:
    text = deciles_as_text(sample)
    assert len(text.splitlines()) == 12
    assert max(map(len, text.splitlines())) <= 80
    assert "Brier 0.109" in figures_as_text(sample)
    assert deciles_as_png(sample, title="CDNOW").startswith(b"\x89PNG")
