"""What a profile takes of the provider's figures, and what of the desk's own orders."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.models import BehavioralMetrics
from service.customers.services import OrderFigures
from service.desk.services.profiles import completed

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
amounts = st.decimals(0, 10**9, places=2)


def own(currency: str = "EUR", *, count: int = 3, total: str = "30.10", refunded: str = "0") -> OrderFigures:
    return OrderFigures(
        currency=currency,
        count=count,
        total=Decimal(total),
        refunded=Decimal(refunded),
        first_at=NOON,
        last_at=NOON,
    )


WHOLE = BehavioralMetrics(
    lifetime_value=Decimal("892.50"),
    total_orders=12,
    avg_order_value=Decimal("74.38"),
    days_since_last_purchase=15,
    customer_tenure_days=456,
)


@pytest.mark.parametrize("orders", [[], [own()], [own(), own("USD")]], ids=["none", "one", "mixed"])
@pytest.mark.parametrize("currency", ["USD", None])
def test_what_the_provider_tells_stands_whatever_the_orders_say(
    orders: list[OrderFigures], currency: str | None
) -> None:
    told = completed(WHOLE, currency, orders)
    assert told is not None
    assert (told.lifetime_value, told.total_orders, told.avg_order_value) == (
        Decimal("892.50"),
        12,
        Decimal("74.38"),
    )
    assert (told.currency, told.days_since_last_purchase, told.customer_tenure_days) == (currency, 15, 456)


def test_figures_nobody_told_come_of_own_orders_with_their_currency() -> None:
    told = completed(BehavioralMetrics(), "USD", [own("EUR", refunded="4.4")])
    assert told is not None
    assert (told.lifetime_value, told.total_orders, told.avg_order_value) == (
        Decimal("25.70"),
        3,
        Decimal("10.03"),
    )
    assert (told.currency, told.days_since_last_purchase, told.customer_tenure_days) == ("EUR", None, None)


def test_without_own_orders_what_is_not_told_is_not_known() -> None:
    assert completed(BehavioralMetrics(), "USD", []) is None
    assert completed(BehavioralMetrics(lifetime_value=Decimal(9), total_orders=0), "USD", []) is None
    assert (
        completed(BehavioralMetrics(lifetime_value=Decimal(9), avg_order_value=Decimal(9)), None, []) is None
    )


def test_amounts_of_several_currencies_are_not_added() -> None:
    mixed = [own("EUR"), own("USD")]
    assert completed(BehavioralMetrics(total_orders=6), None, mixed) is None
    assert completed(BehavioralMetrics(lifetime_value=Decimal(9), total_orders=6), "EUR", mixed) is None


def test_orders_are_counted_in_whatever_currency() -> None:
    amounts_alone = BehavioralMetrics(lifetime_value=Decimal(9), avg_order_value=Decimal(3))
    told = completed(amounts_alone, "USD", [own("EUR", count=2), own("USD", count=5)])
    assert told is not None
    assert (told.total_orders, told.currency) == (7, "USD")


@pytest.mark.parametrize(
    ("stated", "told_in"), [("EUR", "EUR"), (None, None)], ids=["the same", "nobody stated one"]
)
def test_an_own_amount_stands_beside_one_that_is_not_in_another_currency(
    stated: str | None, told_in: str | None
) -> None:
    told = completed(BehavioralMetrics(lifetime_value=Decimal(90), total_orders=9), stated, [own("EUR")])
    assert told is not None
    assert (told.lifetime_value, told.total_orders, told.avg_order_value) == (90, 9, Decimal("10.03"))
    assert told.currency == told_in


def test_an_own_amount_never_stands_beside_one_in_another_currency() -> None:
    assert (
        completed(BehavioralMetrics(lifetime_value=Decimal(90), total_orders=9), "USD", [own("EUR")]) is None
    )


@given(count=st.integers(1, 10**6), total=amounts, share=st.floats(0, 1))
def test_own_figures_agree_with_each_other(count: int, total: Decimal, share: float) -> None:
    refunded = (total * Decimal(str(share))).quantize(Decimal("0.01"))
    told = completed(BehavioralMetrics(), None, [own(count=count, total=str(total), refunded=str(refunded))])
    assert told is not None
    assert told.lifetime_value == total - refunded
    assert abs(told.avg_order_value * count - total) <= Decimal("0.005") * count


@given(
    value=st.none() | amounts,
    count=st.none() | st.integers(0, 10**6),
    average=st.none() | amounts,
    stated=st.sampled_from([None, "EUR", "USD"]),
    currencies=st.lists(st.sampled_from(["EUR", "USD", "JPY"]), unique=True),
)
def test_figures_are_whole_or_not_there_and_no_told_one_changes(
    value: Decimal | None,
    count: int | None,
    average: Decimal | None,
    stated: str | None,
    currencies: list[str],
) -> None:
    metrics = BehavioralMetrics(lifetime_value=value, total_orders=count, avg_order_value=average)
    told = completed(metrics, stated, [own(currency) for currency in currencies])
    if told is None:
        assert None in {value, count, average}
        return
    assert told.lifetime_value == value or value is None
    assert told.total_orders == count or count is None
    assert told.avg_order_value == average or average is None
    assert told.currency in {None, stated, *currencies}
