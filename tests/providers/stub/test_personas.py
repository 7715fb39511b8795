from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from providers.stub.personas import persona_of

known_ids = st.text().filter(lambda id_: not id_.startswith("cust_unknown"))


def test_the_customer_of_low_value_is_about_to_leave():
    persona = persona_of("test_customer_low_ltv")
    assert persona.lifetime_value < 100
    assert persona.churn_risk > 0.6


def test_the_customer_of_high_value_stays():
    persona = persona_of("test_customer_high_ltv")
    assert persona.lifetime_value > 5_000
    assert persona.churn_risk < 0.3


def test_of_the_new_customer_nothing_is_known_that_takes_a_purchase():
    persona = persona_of("test_customer_new")
    assert (persona.total_orders, persona.lifetime_value) == (0, 0)
    assert persona.avg_order_value is persona.days_since_last_purchase is persona.churn_risk is None
    assert persona.value_of(12) is None
    assert persona.segments == {"customer_maturity": "new_customer"}


def test_an_unknown_customer_is_nobody():
    assert persona_of("cust_unknown") is persona_of("cust_unknown_42") is None


def test_a_customer_is_the_same_person_on_every_machine():
    persona = persona_of("cust_124")
    assert (persona.total_orders, persona.tenure_days, persona.churn_risk) == (5, 824, 0.21)


@given(known_ids)
def test_the_figures_of_a_customer_agree_with_each_other(external_id):
    persona = persona_of(external_id)
    if persona.avg_order_value is None:
        return
    assert persona.lifetime_value == persona.avg_order_value * persona.total_orders
    assert 0 <= persona.days_since_last_purchase <= persona.tenure_days
    assert 0 <= persona.churn_risk <= 1
    assert len(persona.segments) == 13


@given(known_ids, st.integers(1, 35))
def test_more_months_are_never_worth_less(external_id, months):
    persona = persona_of(external_id)
    if persona.avg_order_value is not None:
        assert Decimal(0) <= persona.value_of(months) <= persona.value_of(months + 1)
