"""Statements over the log of orders, for what is counted of many customers: rows, built once."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, Select, bindparam, select
from sqlalchemy.orm import Session

from service.customers.models import Customer, Order, OrderLine, Refund

ASKED_AT_ONCE = 1_000
"""Values in one statement."""

_OF_THOSE = Order.customer_id.in_(bindparam("those", expanding=True))
_ORDERS: Select[Any] = select(
    Order.id, Order.customer_id, Order.ordered_at, Order.currency, Order.total, Order.status, Order.discount
)
_LINES: Select[Any] = select(
    OrderLine.order_id, OrderLine.category, OrderLine.quantity, OrderLine.price, OrderLine.discount
)
_REFUNDS: Select[Any] = select(Refund.order_id, Refund.amount, Refund.at)

_BY_CUSTOMER = (
    _ORDERS.where(_OF_THOSE),
    _LINES.join(Order, Order.id == OrderLine.order_id).where(_OF_THOSE).order_by(OrderLine.order_id),
    _REFUNDS.join(Order, Order.id == Refund.order_id).where(_OF_THOSE).order_by(Refund.order_id),
)
_BETWEEN = Order.customer_id.between(bindparam("first"), bindparam("last"))
_AMOUNTS = (
    select(Order.id, Order.customer_id, Order.ordered_at, Order.currency, Order.total, Order.status)
    .where(_BETWEEN)
    .order_by(Order.customer_id)
)
_REFUNDS_BETWEEN = _REFUNDS.join(Order, Order.id == Refund.order_id).where(_BETWEEN)
_CUSTOMERS = (
    select(Customer.id).where(Customer.id > bindparam("after")).order_by(Customer.id).limit(bindparam("most"))
)

Parts = tuple[list[Row[Any]], list[Row[Any]], list[Row[Any]]]
"""Orders, lines, refunds."""


def orders_of_customers(session: Session, customer_ids: Collection[str]) -> Parts:
    return _parts(session, _BY_CUSTOMER, customer_ids)


def amounts_between(session: Session, first: str, last: str) -> tuple[Sequence[Row[Any]], Sequence[Row[Any]]]:
    """Orders of the customers from one id to another, by customer, and their refunds."""
    connection, among = session.connection(), {"first": first, "last": last}
    return connection.execute(_AMOUNTS, among).all(), connection.execute(_REFUNDS_BETWEEN, among).all()


def customers_after(session: Session, after: str, limit: int) -> Sequence[str]:
    return session.connection().scalars(_CUSTOMERS, {"after": after, "most": limit}).all()


def _parts(
    session: Session, statements: tuple[Select[Any], Select[Any], Select[Any]], those: Collection[str]
) -> Parts:
    connection = session.connection()
    found: Parts = ([], [], [])
    for some in _portions(sorted(those)):
        for rows, statement in zip(found, statements, strict=True):
            rows.extend(connection.execute(statement, {"those": some}).all())
    return found


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))
