"""Why a risk is what it is: exact, complete, and without templates."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.statistical.arrays import Visits
from providers.statistical.factors import explain_risk, possible
from providers.statistical.purchasing import Rates, silence
from providers.statistics import TypicalRepeater

RATES = Rates(r=0.9, alpha=40.0, a=0.8, b=2.2)
TYPICAL = TypicalRepeater(recency=100, order_days=3, tenure=400)


@st.composite
def many(draw) -> Visits:
    rows = draw(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 900), st.integers(0, 900)), min_size=1))
    x = np.array([float(row[0]) for row in rows])
    t_x = np.where(x > 0, np.array([float(row[1]) for row in rows]) + x, 0)
    return Visits(x, t_x, t_x + np.array([float(row[2]) for row in rows]))


@given(many())
def test_the_impacts_sum_to_the_difference_from_a_typical_customer(visits: Visits) -> None:
    told = explain_risk(RATES, visits, TYPICAL, 90.0)
    difference = silence(RATES, visits, 90.0) - told.typical_risk
    assert sum(told.impacts) == pytest.approx(difference, abs=1e-12)


def test_the_impacts_are_the_means_over_all_orders_of_becoming_known() -> None:
    own, usual = (250.0, 6.0, 700.0), (100.0, 3.0, 400.0)
    told = explain_risk(RATES, Visits(*(np.array([v]) for v in (5.0, 450.0, 700.0))), TYPICAL, 90.0)

    def risk(known: set[int]) -> float:
        mix = [np.array([own[at] if at in known else usual[at]]) for at in range(3)]
        return silence(RATES, possible(*mix), 90.0).item()

    for feature in range(3):
        added = [
            risk({*order[: order.index(feature)], feature}) - risk(set(order[: order.index(feature)]))
            for order in permutations(range(3))
        ]
        assert told.impacts[feature].item() == pytest.approx(np.mean(added), abs=1e-12)


def test_a_typical_customer_has_no_factors() -> None:
    told = explain_risk(RATES, Visits(*(np.array([v]) for v in (2.0, 300.0, 400.0))), TYPICAL, 90.0)
    assert [impact.item() for impact in told.impacts] == pytest.approx([0, 0, 0], abs=1e-12)


def test_what_if_changes_that_alone() -> None:
    silent = Visits(*(np.array([v]) for v in (5.0, 200.0, 700.0)))
    told = explain_risk(RATES, silent, TYPICAL, 90.0)
    fresher = Visits(silent.x, np.array([600.0]), silent.t)
    assert told.risks_if_typical[0] == pytest.approx(silence(RATES, fresher, 90.0))
    assert told.impacts[0] > 0


def test_more_orders_can_raise_a_risk_and_lower_it() -> None:
    """The sign depends on the silence."""

    def impact_of_orders(recency: float) -> float:
        visits = Visits(np.array([19.0]), np.array([700.0 - recency]), np.array([700.0]))
        return explain_risk(RATES, visits, TYPICAL, 90.0).impacts[1].item()

    assert impact_of_orders(5) < 0 < impact_of_orders(400)


@given(many())
def test_a_million_or_one_are_the_same(visits: Visits) -> None:
    together = explain_risk(RATES, visits, TYPICAL, 90.0)
    alone = [
        explain_risk(RATES, visits.within(np.arange(len(visits.x)) == row), TYPICAL, 90.0)
        for row in range(len(visits.x))
    ]
    for feature in range(3):
        assert together.impacts[feature] == pytest.approx([each.impacts[feature].item() for each in alone])
