"""Small, odd and hostile shops: nulls with reasons, never NaN, never a warning."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

import pytest

from providers import codec
from providers.deadline import Deadline
from providers.errors import UnsupportedCapability
from providers.models import (
    AnalysisRequest,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    LtvRequest,
    RecommendationRequest,
)
from providers.statistical.backtesting import TooShortAPast, backtest
from providers.statistical.explaining import explain
from providers.statistical.forecasting import Foreseen
from providers.statistical.knowing import Confidence, Why
from providers.statistical.provider import StatisticalProvider
from providers.statistics import OrderColumns, OrderFact, ShopParameters, summarise
from providers.testing.contract.questions import TICKET
from providers.testing.fakes import FakeClock, RecordedOrders, make_host
from tests.providers.statistical.shops import fitted_on, order, shop

TODAY = FakeClock().now().date()
Orders = Mapping[str, Sequence[OrderFact]]


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def daily_for_years() -> list[OrderFact]:
    return [order(ago(days)) for days in range(1500)]


def one_time(customers: int, age=lambda number: 30 + 7 * number) -> Orders:
    return {f"c{number}": [order(ago(age(number)))] for number in range(customers)}


SHOPS: Mapping[str, Orders] = {
    "nobody": {},
    "one customer": {"c0": [order(ago(500)), order(ago(20))]},
    "one customer today": {"c0": [order(TODAY)]},
    "one-time buyers": one_time(60),
    "one-time buyers of one day": one_time(60, lambda number: 100),
    "one order a day for years": {f"c{number}": daily_for_years() for number in range(3)},
    "one daily among others": dict(shop(TODAY)) | {"c0": daily_for_years()},
    "negative totals": {f"c{n}": [order(ago(300), -5), order(ago(9 + n), -50)] for n in range(40)},
    "nothing paid": {f"c{n}": [order(ago(300), 0), order(ago(9 + n), 0)] for n in range(40)},
    "the same amount always": {f"c{n}": [order(ago(300 + n), 10), order(ago(9 + n), 10)] for n in range(40)},
    "mixed currencies": {
        f"c{n}": [order(ago(300), 10), order(ago(9 + n), 10, currency="USD")] for n in range(40)
    },
    "every customer another currency": {
        f"c{n}": [order(ago(300), 10, currency=f"A{chr(65 + n % 26)}{chr(65 + n // 26)}")] for n in range(60)
    },
    "a fortune": {f"c{n}": [order(ago(300), "9" * 13), order(ago(n), "9" * 13)] for n in range(40)},
    "a cent": {f"c{n}": [order(ago(300 + n), "0.01"), order(ago(n), "0.01")] for n in range(40)},
    "of the days of Adam": {f"c{n}": [order(date(1, 1, 1)), order(ago(n))] for n in range(40)},
    "of the future": {f"c{n}": [order(ago(-40)), order(ago(-400))] for n in range(40)},
}


@cache
def fitted_to(name: str) -> ShopParameters:
    return fitted_on(SHOPS[name], TODAY)


def asked(orders: Orders, fitted: ShopParameters | None = None) -> tuple[StatisticalProvider, Deadline]:
    clock = FakeClock()
    source = RecordedOrders(orders, fitted=fitted or fitted_on(orders, TODAY))
    return StatisticalProvider.from_host(make_host(clock=clock, statistics=source)), Deadline.after(10, clock)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", SHOPS)
def test_an_odd_shop_gets_figures_that_can_be_or_nulls_with_reasons(name: str) -> None:
    provider, deadline = asked(SHOPS[name] or {"c0": []}, fitted_to(name))
    one = CustomerRef("c0")
    intelligence = provider.analyze(AnalysisRequest(one), deadline)
    assert_explained(intelligence)
    for days in (30, 90, 365):
        churn = provider.predict_churn(ChurnRequest(one, window_days=days), deadline)
        assert (churn.churn_risk_score is None) == ("churn_risk_score" in churn.basis.unknown)
        assert b"NaN" not in codec.encode(churn)
    for months in (1, 36):
        forecast = provider.forecast_ltv(LtvRequest(one, horizon_months=months), deadline)
        assert (forecast.forecasted_ltv is None) == ("forecasted_ltv" in forecast.basis.unknown)
        if forecast.confidence_interval is not None:
            interval = forecast.confidence_interval
            assert 0 <= interval.lower <= interval.upper
    with suppress(UnsupportedCapability):
        provider.recommend_actions(RecommendationRequest(customer=one, ticket=TICKET), deadline)


def assert_explained(told: CustomerIntelligence) -> None:
    unknown = told.basis.unknown
    assert (told.predictions.churn_risk is None) == ("churn_risk" in unknown)
    assert (told.predictions.ltv_12mo is None) == ("ltv_12mo" in unknown)
    memberships = told.archetype.memberships if told.archetype else {}
    assert len(memberships) + sum(axis not in ("churn_risk", "ltv_12mo") for axis in unknown) == 13
    for axis, shares in memberships.items():
        assert sum(shares.values()) == pytest.approx(1), axis
        assert all(0 <= share <= 1 and math.isfinite(share) for share in shares.values()), axis
        assert told.archetype.segments[axis] == max(shares, key=shares.get)


@pytest.mark.parametrize("name", [name for name in SHOPS if SHOPS[name]])
def test_an_odd_shop_is_explained_and_backtested_or_refused(name: str) -> None:
    orders = SHOPS[name]
    source = RecordedOrders(orders)
    statistics = source.statistics_of("c0", as_of=TODAY)
    assert all(explain(statistics, fitted_to(name), as_of=TODAY))
    rows = [(number, each) for number, some in enumerate(orders.values()) for each in some]
    log = OrderColumns(
        customers=[number for number, _ in rows],
        days=[each.day.toordinal() for _, each in rows],
        amounts=[float(each.total) for _, each in rows],
        currencies=[each.currency for _, each in rows],
    )
    try:
        told, _ = backtest([log], as_of=TODAY)
    except TooShortAPast:
        return
    assert 0 <= told.brier <= 1


# ---------------------------------------------------------------- why nothing is told


def why(orders: Orders, figure: str = "churn_risk", customer: str = "c0") -> str | None:
    provider, deadline = asked(orders)
    return provider.analyze(AnalysisRequest(CustomerRef(customer)), deadline).basis.unknown.get(figure)


def test_who_never_ordered_has_no_risk() -> None:
    assert why(dict(shop(TODAY)) | {"new": []}, customer="new") == "no_orders"


def test_nineteen_customers_are_too_few() -> None:
    assert why({f"c{n}": [order(ago(400 + n)), order(ago(n))] for n in range(19)}) == "few_customers"


def test_nine_repeat_orders_are_too_few() -> None:
    orders = dict(one_time(50)) | {f"r{n}": [order(ago(300)), order(ago(9))] for n in range(9)}
    assert why(orders) == "few_repeat_orders"


def test_where_nobody_ever_came_back_a_hundred_must_have_been_watched() -> None:
    assert why(one_time(150, lambda number: 20 + number)) == "few_repeat_orders"
    assert why(one_time(250, lambda number: 20 + number)) is None


def test_a_young_shop_is_not_told_what_is_longer_than_its_history() -> None:
    young = {f"c{n}": [order(ago(80)), order(ago(n % 50))] for n in range(60)}
    assert why(young) == "short_history"
    older = {f"c{n}": [order(ago(150 + n % 100)), order(ago(n % 50))] for n in range(200)}
    assert why(older) is None
    assert why(older, "ltv_12mo") == "short_history"


def test_orders_that_ceased_to_arrive_are_no_silence_of_customers() -> None:
    ceased = {name: [each for each in orders if each.day <= ago(100)] for name, orders in shop(TODAY).items()}
    some = next(name for name, orders in ceased.items() if orders)
    assert why(ceased, customer=some) == "stale_orders"


def test_a_wide_interval_is_no_figure() -> None:
    few = shop(TODAY, customers=30, days=400, seed=3)
    fitted = fitted_on(few, TODAY)
    told = [Foreseen(summarise(each), fitted, TODAY.toordinal()).risk(90) for each in few.values()]
    assert told.count(Why.TOO_UNCERTAIN) == round(30 * fitted.unknown["too_uncertain"]) > 0
    assert {each.confidence for each in told if not isinstance(each, Why)} == set(Confidence)


def test_amounts_in_two_currencies_are_not_added() -> None:
    both = dict(shop(TODAY)) | {"c0": [order(ago(90)), order(ago(30), currency="USD")]}
    assert why(both, "ltv_12mo") == "mixed_currency"
    assert why(both) is None, "when somebody orders does not depend on the currency"


def test_amounts_in_a_currency_of_few_are_not_compared() -> None:
    other = dict(shop(TODAY)) | {"c0": [order(ago(90), currency="USD"), order(ago(30), currency="USD")]}
    assert why(other, "ltv_12mo") == "other_currency"
    assert why(other, "purchase_value") == "other_currency"


def test_without_a_fit_the_history_is_told_and_the_rest_is_not() -> None:
    clock = FakeClock()
    source = RecordedOrders(shop(TODAY))
    provider = StatisticalProvider.from_host(make_host(clock=clock, statistics=source))
    told = provider.analyze(AnalysisRequest(CustomerRef("customer_0")), Deadline.after(5, clock))
    assert told.metrics.total_orders
    assert told.metrics.lifetime_value > Decimal(0)
    assert told.basis.unknown["churn_risk"] == "not_fitted"
