import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.testing.quimbi_simulator.population import Population
from providers.testing.quimbi_simulator.profiles import CustomerProfile, level_of


def test_documented_test_customers_differ_as_promised() -> None:
    population = Population()
    low, high, new = (_known(population, f"test_customer_{name}") for name in ("low_ltv", "high_ltv", "new"))
    assert low.lifetime_value < high.lifetime_value
    assert low.churn_risk > high.churn_risk
    assert (new.total_orders, new.days_since_last_purchase) == (0, None)


@given(st.integers(min_value=0, max_value=10**9))
def test_a_generated_customer_is_plausible_and_always_the_same(number: int) -> None:
    profile = _known(Population(count=0), f"cust_{number}")
    assert profile == _known(Population(count=0), f"cust_{number}")
    assert 0 <= profile.churn_risk <= 1
    assert profile.churn_level == level_of(profile.churn_risk)
    assert profile.total_orders >= 1
    assert (
        abs(profile.avg_order_value * profile.total_orders - profile.lifetime_value) <= profile.total_orders
    )
    assert profile.days_since_last_purchase is not None
    assert profile.tenure_days is not None
    assert profile.days_since_last_purchase <= profile.tenure_days
    for shares in profile.memberships.values():
        assert sum(shares.values()) == pytest.approx(1)


@given(st.integers(0, 10**6), st.integers(1, 35))
def test_a_longer_horizon_never_brings_less(number: int, months: int) -> None:
    profile = _known(Population(count=0), f"cust_{number}")
    assert profile.coming_value(months) <= profile.coming_value(months + 1)
    assert profile.coming_value(12) == profile.ltv_12mo
    lower, upper = profile.coming_bounds(months)
    assert lower <= profile.coming_value(months) <= upper


def _known(population: Population, customer_id: str) -> CustomerProfile:
    profile = population.find(customer_id)
    assert profile is not None
    return profile
