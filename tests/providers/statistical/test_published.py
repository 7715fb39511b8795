"""The published parameters on CDNOW, to three digits: the data and the formulae are read as in the papers."""

import numpy as np
import pytest

from benchmarks.intelligence import cdnow
from providers.statistical.arrays import Visits
from providers.statistical.maximising import amounts, purchases
from providers.statistical.purchasing import Rates, alive, silence
from tests.providers.statistical.published import bg_nbd, bg_nbd_silence, most_likely, pareto_nbd


def as_printed(values, digits=3):
    return [round(float(value), digits) for value in values]


def test_the_sample_is_that_of_the_papers() -> None:
    sample = cdnow.visits("sample")
    assert (len(sample.x), sample.x.sum(), (sample.x == 0).sum()) == (2357, 2457, 1411)
    assert sum(len(days) for days in cdnow.spending_days("sample").values()) == 2357 + 2457


def test_bg_nbd() -> None:
    found, likelihood = most_likely(bg_nbd, cdnow.in_weeks(cdnow.visits("sample")), [0.5, 5, 1, 2.5])
    assert as_printed(found) == [0.243, 4.414, 0.793, 2.426]
    assert likelihood == pytest.approx(-9582.43, abs=0.01)


def test_mbg_nbd() -> None:
    days = cdnow.visits("sample")
    found = purchases(days, prior=None)
    assert as_printed([found.r, found.alpha / 7, found.a, found.b]) == [0.525, 6.183, 0.891, 1.614]
    assert found.log_likelihood + days.x.sum() * np.log(7) == pytest.approx(-9582.14, abs=0.01)


def test_pareto_nbd() -> None:
    found, likelihood = most_likely(pareto_nbd, cdnow.in_weeks(cdnow.visits("sample")), [0.5, 10, 0.6, 11])
    assert as_printed(found[:3]) == [0.553, 10.578, 0.606]
    assert found[3] == pytest.approx(11.669, abs=0.005)
    assert likelihood == pytest.approx(-9594.98, abs=0.01)


def test_gamma_gamma_on_repeat_orders() -> None:
    found = amounts(cdnow.repeat_purses("sample"), "USD", prior=None)
    assert as_printed([found.p, found.q, found.v], 2) == [6.25, 3.74, 15.44]
    assert found.log_likelihood == pytest.approx(-4055.92, abs=0.01)


def test_gamma_gamma_on_all_orders_of_a_value() -> None:
    found = amounts(cdnow.purses("sample"), "USD", prior=None)
    assert as_printed([found.p, found.q, found.v]) == [9.881, 3.399, 7.929]
    assert found.log_likelihood == pytest.approx(-9898.45, abs=0.01)


def test_the_weak_prior_changes_next_to_nothing_where_there_are_many_customers() -> None:
    days = cdnow.visits("sample")
    free, weak = purchases(days, prior=None), purchases(days)
    assert free.log_likelihood - weak.log_likelihood < 0.01
    risks = [silence(Rates.of(each), days, 90.0) for each in (free, weak)]
    assert np.abs(risks[0] - risks[1]).max() < 0.005


@pytest.mark.parametrize(
    ("x", "t_x", "t", "risk"),
    [(2, 30.43, 38.86, 0.66840136), (0, 0, 38.86, 0.95186426), (6, 28, 33, 0.34404677)],
)
def test_the_risk_of_the_model_document(x: float, t_x: float, t: float, risk: float) -> None:
    rates, one = Rates(0.525, 6.183, 0.891, 1.614), Visits(*(np.array([float(v)]) for v in (x, t_x, t)))
    assert silence(rates, one, 90 / 7).item() == pytest.approx(risk, abs=1e-8)


def test_bg_nbd_calls_every_one_time_buyer_alive_and_is_refuted() -> None:
    """Why MBG/NBD: 86 % of those never come back within 39 weeks, and ours does not call them alive."""
    weeks = cdnow.in_weeks(cdnow.visits("sample"))
    once = weeks.within(weeks.x == 0)
    bg = np.array([0.243, 4.414, 0.793, 2.426])
    assert bg_nbd_silence(bg, once, 1e9).max() < 0.2, "alive for certain, some order comes"
    assert alive(Rates(0.525, 6.183, 0.891, 1.614), once).max() < 0.45
