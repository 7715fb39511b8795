"""What the provider says of a customer, and why."""

from datetime import timedelta
from decimal import Decimal

import pytest

from providers import errors
from providers.deadline import Deadline
from providers.interface import Connection
from providers.models import (
    AnalysisRequest,
    Capability,
    ChurnRequest,
    CustomerRef,
    LtvRequest,
    RecommendationRequest,
)
from providers.statistical.explaining import explain
from providers.statistical.provider import StatisticalProvider
from providers.statistics import ContactStatistics, CustomerStatistics
from providers.testing.contract.questions import ticket
from providers.testing.fakes import FakeClock, RecordedOrders, make_host
from tests.providers.statistical.shops import fitted_on, order, shop
from tests.providers.statistical.test_odd_shops import TODAY, ago

PEOPLE = {
    "regular": [order(ago(30 * month + 5), 220) for month in range(20)],
    "silent": [order(ago(days), 90) for days in (600, 560, 520, 480, 440, 430)],
    "once": [order(ago(400), 30)],
    "never": [],
}


@pytest.fixture(scope="module")
def orders():
    return dict(shop(TODAY)) | PEOPLE


@pytest.fixture(scope="module")
def fitted(orders):
    return fitted_on(orders, TODAY)


@pytest.fixture
def provider(orders, fitted, clock: FakeClock) -> StatisticalProvider:
    source = RecordedOrders(
        orders, fitted=fitted, contacts={"never": ContactStatistics(channels={"phone": 4})}
    )
    return StatisticalProvider.from_host(make_host(clock=clock, statistics=source))


@pytest.fixture
def deadline(clock: FakeClock) -> Deadline:
    return Deadline.after(10, clock)


def test_it_offers_no_drafts(provider) -> None:
    assert provider.capabilities == frozenset(Capability) - {Capability.DRAFT}


def test_what_was_bought_is_told_as_it_is(provider, deadline) -> None:
    told = provider.analyze(AnalysisRequest(CustomerRef("silent")), deadline)
    assert told.metrics.lifetime_value == Decimal("540.00")
    assert told.metrics.avg_order_value == Decimal("90.00")
    assert (told.metrics.total_orders, told.metrics.days_since_last_purchase) == (6, 430)
    assert told.metrics.customer_tenure_days == 600
    assert told.currency == "EUR"


def test_an_answer_says_what_it_rests_on(provider, deadline, fitted) -> None:
    basis = provider.analyze(AnalysisRequest(CustomerRef("regular")), deadline).basis
    assert (basis.model, basis.version) == (fitted.model, fitted.version)
    assert (basis.data_from.toordinal(), basis.data_until.toordinal()) == (fitted.first_day, fitted.last_day)
    assert basis.confidence == "normal"
    assert basis.unknown["problem_complexity_profile"] == "no_contacts"


def test_who_fell_silent_is_at_risk_and_who_comes_monthly_is_not(provider, deadline) -> None:
    silent, regular = (
        provider.predict_churn(ChurnRequest(CustomerRef(name)), deadline) for name in ("silent", "regular")
    )
    assert silent.churn_risk_score > 0.9
    assert silent.risk_level == "high"
    assert regular.churn_risk_score < 0.3


def test_the_factors_sum_to_the_difference_and_lead_with_the_weightiest(provider, deadline) -> None:
    told = provider.predict_churn(ChurnRequest(CustomerRef("silent")), deadline)
    assert told.factors[0].factor == "days_since_last_order"
    assert (told.factors[0].value, told.factors[0].direction) == (430, "raises")
    assert told.factors[0].risk_if_typical < told.churn_risk_score
    assert [abs(each.impact) for each in told.factors] == sorted(
        (abs(f.impact) for f in told.factors), reverse=True
    )


def test_a_longer_window_holds_less_risk(provider, deadline) -> None:
    risks = [
        provider.predict_churn(
            ChurnRequest(CustomerRef("regular"), window_days=days), deadline
        ).churn_risk_score
        for days in (30, 90, 365)
    ]
    assert risks == sorted(risks, reverse=True)


def test_a_forecast_has_an_interval_around_it(provider, deadline) -> None:
    told = provider.forecast_ltv(LtvRequest(CustomerRef("regular"), horizon_months=12), deadline)
    interval = told.confidence_interval
    assert interval.lower < told.forecasted_ltv < interval.upper
    assert interval.confidence_level == 0.9
    assert told.current_ltv == Decimal(20 * 220)
    analysis = provider.analyze(AnalysisRequest(CustomerRef("regular")), deadline)
    assert analysis.predictions.ltv_12mo == told.forecasted_ltv


def test_who_never_ordered_is_known_by_their_calls_alone(provider, deadline) -> None:
    told = provider.analyze(AnalysisRequest(CustomerRef("never")), deadline)
    assert told.known
    assert told.archetype.segments["communication_preference"] == "phone_caller"
    assert told.archetype.id is None
    assert told.basis.unknown["churn_risk"] == "no_orders"


def test_nobody_of_the_desk_is_not_found(provider, deadline) -> None:
    with pytest.raises(errors.CustomerNotFound):
        provider.analyze(AnalysisRequest(CustomerRef("stranger")), deadline)


def test_a_host_without_statistics_knows_nobody(clock, deadline) -> None:
    alone = StatisticalProvider.from_host(make_host(clock=clock))
    with pytest.raises(errors.CustomerNotFound):
        alone.analyze(AnalysisRequest(CustomerRef("regular")), deadline)
    assert alone.check_health(deadline).connection is Connection.CONNECTED


def test_a_source_out_of_reach_is_unhealthy(clock, deadline, orders) -> None:
    class Away(RecordedOrders):
        def parameters(self):
            raise errors.Unreachable("the database is away")

    away = StatisticalProvider.from_host(make_host(clock=clock, statistics=Away(orders)))
    assert away.check_health(deadline).connection is Connection.UNAVAILABLE
    with pytest.raises(errors.Unreachable):
        away.analyze(AnalysisRequest(CustomerRef("regular")), deadline)


# ---------------------------------------------------------------- recommendations


def advice(provider, deadline, customer: str, **about):
    request = RecommendationRequest(
        customer=CustomerRef(customer), ticket=ticket(**{"subject": "A question", "tags": ()} | about)
    )
    return provider.recommend_actions(request, deadline)


def test_who_fell_silent_is_won_back_with_the_figures(provider, deadline) -> None:
    told = advice(provider, deadline, "silent")
    (action,) = told.actions
    assert action.action.startswith("Win back")
    assert "430 days" in action.reasoning
    assert "EUR" in action.reasoning
    assert action.estimated_impact.revenue_at_risk is not None
    assert "Revenue at risk" in told.talking_points[0]


def test_revenue_at_risk_is_risk_times_value(provider, deadline) -> None:
    facts = provider.analyze(AnalysisRequest(CustomerRef("silent")), deadline).predictions
    at_risk = advice(provider, deadline, "silent").estimated_impact.revenue_at_risk
    assert float(at_risk) == pytest.approx(facts.churn_risk * float(facts.ltv_12mo), abs=0.02)


def test_who_spends_much_is_cared_for(provider, deadline) -> None:
    (action,) = advice(provider, deadline, "regular").actions
    assert "priority" in action.action
    assert "20 orders" in action.reasoning
    assert "4400.00 EUR" in action.reasoning


@pytest.mark.parametrize(
    "about", [{"subject": "My parcel is LOST!"}, {"tags": ("refund_request",)}, {"priority": "urgent"}]
)
def test_what_went_wrong_is_apologised_for_first_with_the_history(provider, deadline, about) -> None:
    first = advice(provider, deadline, "silent", **about).actions[0]
    assert first.action.startswith("Apologise")
    assert "6 orders in 600 days" in first.reasoning


def test_where_the_figures_ask_for_nothing_others_may_have_advice(provider, deadline) -> None:
    with pytest.raises(errors.UnsupportedCapability):
        advice(provider, deadline, "once")


# ---------------------------------------------------------------- explanations


def test_an_explanation_says_what_may_be_said_and_why(orders, fitted) -> None:
    told = "\n".join(
        explain(RecordedOrders(orders).statistics_of("silent", as_of=TODAY), fitted, as_of=TODAY)
    )
    for part in ("No order within 90 days", "goes with", "were it typical", "EUR", "not known (no_contacts)"):
        assert part in told, part
    assert "because" not in told
    assert "caused" not in told


def test_an_explanation_of_nothing_says_so(fitted) -> None:
    told = "\n".join(explain(CustomerStatistics(), None, as_of=TODAY))
    assert "Nothing was fitted yet" in told
    assert "not known (no_orders)" in told
    assert explain(CustomerStatistics(), fitted, as_of=TODAY + timedelta(days=1))
