"""Orders add up to the same figures, however they arrive."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.statistics import (
    CustomerStatistics,
    LineFact,
    OrderFact,
    appends,
    summarise,
    with_order,
)

START = date(2024, 1, 30)
MONEY = st.decimals(-500, 500, places=2)
LINES = st.lists(
    st.builds(
        LineFact,
        st.sampled_from([None, "", *"abcdefghijklmnopqrstuvwxyz"]),
        st.integers(1, 5),
        st.decimals(0, 90, places=2),
    ),
    max_size=3,
).map(tuple)
ORDERS = st.lists(
    st.builds(
        OrderFact,
        day=st.integers(0, 1200).map(lambda days: START + timedelta(days=days)),
        currency=st.sampled_from(["EUR", "EUR", "EUR", "USD"]),
        total=MONEY,
        status=st.sampled_from(["paid", "paid", "Cancelled"]),
        refunded=st.decimals(0, 50, places=2),
        refunds=st.integers(0, 2),
        discounted=st.booleans(),
        lines=LINES,
    ),
    max_size=30,
)


@given(ORDERS, st.randoms())
def test_the_order_of_arrival_does_not_matter(orders, random) -> None:
    shuffled = random.sample(orders, len(orders))
    assert summarise(shuffled) == summarise(orders)


@given(ORDERS)
def test_order_by_order_gives_what_a_rebuild_gives(orders) -> None:
    kept, seen = CustomerStatistics(), []
    for order in orders:
        seen.append(order)
        kept = with_order(kept, order) if appends(kept, order) else summarise(seen)
        assert kept == summarise(seen)


@given(ORDERS, st.integers(0, 1200))
def test_nothing_after_the_day_counts(orders, days) -> None:
    as_of = START + timedelta(days=days)
    later = [replace(order, total=order.total + 1) if order.day > as_of else order for order in orders]
    assert summarise(orders, as_of=as_of) == summarise(later, as_of=as_of)
    assert summarise(orders, as_of=as_of) == summarise([o for o in orders if o.day <= as_of])


def test_orders_of_one_day_are_one_order_day() -> None:
    order = OrderFact(day=START, currency="EUR", total=Decimal(10))
    twice = summarise([order, order])
    assert (twice.order_days, twice.orders, twice.positive_days) == (1, 2, 1)
    assert twice.positive_spend == 20


def test_a_day_that_is_refunded_in_full_is_an_order_day_without_a_value() -> None:
    order = OrderFact(day=START, currency="EUR", total=Decimal(10), refunded=Decimal(10), refunds=1)
    told = summarise([order])
    assert (told.order_days, told.positive_days, told.net_spend, told.refunds) == (1, 0, 0, 1)


def test_a_cancelled_order_is_no_order() -> None:
    order = OrderFact(day=START, currency="EUR", total=Decimal(10), status="Cancelled")
    assert summarise([order]) == CustomerStatistics()


def test_an_older_order_is_not_appended() -> None:
    told = summarise([OrderFact(day=START, currency="EUR", total=Decimal(10))])
    with pytest.raises(ValueError, match="whole log"):
        with_order(told, OrderFact(day=START - timedelta(days=1), currency="EUR", total=Decimal(10)))


def test_what_is_kept_of_one_customer_is_bounded() -> None:
    """One order a day for years, each of a category of its own."""
    told = summarise(
        OrderFact(
            day=START + timedelta(days=number),
            currency="EUR",
            total=Decimal(1),
            lines=(LineFact(f"category {number}", 1, Decimal(1)),),
        )
        for number in range(2000)
    )
    assert told.order_days == 2000
    assert len(told.recent_days) == 365
    assert len(told.categories) == 16
