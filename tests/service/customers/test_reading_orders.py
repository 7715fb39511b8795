"""What others ask of a customer's orders; on SQLite and PostgreSQL."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from service.customers.orders import Tracking
from service.customers.services import OrderService
from service.database import Database
from service.errors import NotFound
from service.http.fields import MOST_MONEY
from service.http.pagination import Page
from tests.service.customers.orders_sent import loaded

Statements = Callable[[], AbstractContextManager[list[str]]]


def on(day: int) -> str:
    return f"2026-01-{day:02}T12:00:00Z"


def at(day: int) -> datetime:
    return datetime(2026, 1, day, 12, tzinfo=UTC)


def test_the_last_purchase_is_the_newest_order_with_its_lines(
    orders: OrderService, database: Database
) -> None:
    tracking = {"numbers": ["1Z9"], "carrier": "UPS"}
    newest = loaded("2", ordered_at=on(20), tracking=tracking)
    orders.record([loaded("1", ordered_at=on(10)), newest, loaded("3", ordered_at=on(15))], actor="shop")
    with database.reading() as session:
        last = orders.last_purchase(session, "cust_1")
        assert orders.last_purchase(session, "nobody") is None
    assert last is not None
    assert (last.external_id, last.ordered_at, last.lines) == ("2", at(20), newest.lines)
    assert last.tracking == Tracking(numbers=("1Z9",), carrier="UPS")


def test_figures_stand_by_currency_and_are_never_added(orders: OrderService) -> None:
    refund = {"external_id": "r1", "at": on(21), "amount": 4.4}
    orders.record(
        [
            loaded("1", ordered_at=on(10), total=10.1),
            loaded("2", ordered_at=on(20), total=20.2, refunds=[refund]),
            loaded("3", ordered_at=on(15), total=30.3, currency="USD"),
            loaded("4", ordered_at=on(16), total=99, customer_id="cust_2"),
        ],
        actor="shop",
    )
    euros, dollars = orders.order_figures("cust_1")
    assert (euros.currency, euros.count, euros.total) == ("EUR", 2, Decimal("30.3"))
    assert (euros.refunded, euros.spent) == (Decimal("4.4"), Decimal("25.9"))
    assert (euros.first_at, euros.last_at) == (at(10), at(20))
    assert (dollars.currency, dollars.count, dollars.spent) == ("USD", 1, Decimal("30.3"))
    assert orders.order_figures("nobody") == []


def test_a_sum_beyond_64_bits_is_exact(orders: OrderService) -> None:
    most = Decimal(MOST_MONEY)
    for batch in range(10):
        orders.record(
            [loaded(f"{batch}-{number}", total=MOST_MONEY, lines=[]) for number in range(1_000)], actor="shop"
        )
    orders.record([loaded("odd", total="0.0001")], actor="shop")
    (figures,) = orders.order_figures("cust_1")
    assert figures.total == most * 10_000 + Decimal("0.0001")


def test_figures_take_no_longer_where_the_statistics_know_of_few_orders(
    orders: OrderService, database: Database
) -> None:
    orders.record([loaded("1", customer_id="cust_2", lines=[])], actor="shop")
    with database.writing() as session:
        session.execute(text("ANALYZE"))
    refund = {"external_id": "r1", "at": on(21), "amount": 1}
    for batch in range(2):
        orders.record(
            [loaded(f"{batch}-{number}", lines=[], refunds=[refund]) for number in range(1_000)],
            actor="shop",
        )
    with database.writing() as session:
        if session.connection().dialect.name == "postgresql":
            session.execute(text("SET LOCAL statement_timeout = 200"))
        (figures,) = orders.figures(session, "cust_1")
    assert (figures.count, figures.refunded) == (2_000, 2_000)


@pytest.mark.parametrize(
    ("terms", "found"),
    [
        (None, ["c", "b", "a-77"]),
        ("", ["c", "b", "a-77"]),
        ("TEA", ["b", "a-77"]),
        ("tea green", ["a-77"]),
        ("tea A-7", ["a-77"]),
        ("100%", ["c"]),
        ("%", ["c"]),
        ("_", []),
        ("tea mug", ["b"]),
        ("nothing", []),
    ],
)
def test_a_search_takes_the_orders_with_every_word_in_number_or_titles(
    orders: OrderService, terms: str | None, found: list[str]
) -> None:
    def bought(*titles: str) -> list[dict[str, object]]:
        return [{"title": title, "quantity": 1, "price": 1} for title in titles]

    orders.record(
        [
            loaded("a-77", ordered_at=on(10), lines=bought("Green Tea")),
            loaded("b", ordered_at=on(20), lines=bought("Black tea", "Mug")),
            loaded("c", ordered_at=on(25), lines=bought("100% cotton")),
            loaded("d", ordered_at=on(26), lines=bought("Green tea"), customer_id="cust_2"),
        ],
        actor="shop",
    )
    assert [order.external_id for order in orders.search_orders("cust_1", terms=terms)] == found


def test_a_search_keeps_to_its_time_and_its_limit(orders: OrderService) -> None:
    orders.record([loaded(str(day), ordered_at=on(day)) for day in range(1, 6)], actor="shop")

    def found(**wanted: object) -> list[str]:
        return [order.external_id for order in orders.search_orders("cust_1", **wanted)]  # type: ignore[arg-type]

    assert found(start=at(2), end=at(4)) == ["3", "2"]
    assert found(start=at(4)) == ["5", "4"]
    assert found(end=at(2)) == ["1"]
    assert found(limit=2, terms="tea") == ["5", "4"]


def test_reads_take_as_many_statements_for_many_orders_as_for_one(
    orders: OrderService, database: Database, statements: Statements
) -> None:
    counts = []
    for size in (1, 300):
        orders.record([loaded(f"o{number}", ordered_at=on(3)) for number in range(size)], actor="shop")
        orders.listing("cust_1", Page())
        with statements() as seen, database.reading() as session:
            orders.listing("cust_1", Page(limit=100))
            orders.search_orders("cust_1", terms="tea")
            orders.last_purchase(session, "cust_1")
            orders.order_figures("cust_1")
        counts.append(len([statement for statement in seen if statement.startswith("SELECT")]))
    assert counts == [9, 9]


def test_the_orders_of_nobody_are_not_there(orders: OrderService) -> None:
    with pytest.raises(NotFound):
        orders.listing("nobody", Page())
