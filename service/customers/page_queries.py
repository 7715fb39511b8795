"""Statements over one customer's orders for pages that are read often.

They are built once, since making a statement takes as long as executing it, and tell rows: objects that
nobody changes would take as long again.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Row, Select, bindparam, func, select, type_coerce
from sqlalchemy.orm import Session

from service.columns import MONEY_STEP
from service.customers.models import Order, OrderLine, Refund

LOW_BITS = 20

_NEWEST = (
    select(Order.id)
    .where(Order.customer_id == bindparam("customer_id"))
    .order_by(Order.ordered_at.desc(), Order.id.desc())
    .limit(1)
)
_LAST_ORDER = (
    select(
        Order.external_id,
        Order.ordered_at,
        Order.currency,
        Order.total,
        Order.status,
        Order.fulfillment_status,
        Order.tracking,
        OrderLine.order_id.label("of_order"),
        OrderLine.title,
        OrderLine.quantity,
        OrderLine.price,
        OrderLine.product_id,
        OrderLine.vendor,
        OrderLine.category,
        OrderLine.discount,
    )
    .outerjoin(OrderLine, OrderLine.order_id == Order.id)
    .where(Order.id == _NEWEST.scalar_subquery())
    .order_by(OrderLine.position)
)

Figures = tuple[str, int, Decimal, Decimal, datetime, datetime]


def last_order_by_lines(session: Session, customer_id: str) -> Sequence[Row[Any]]:
    """The newest: a row for each line, and one where it has none; `discount` is the line's."""
    return session.connection().execute(_LAST_ORDER, {"customer_id": customer_id}).all()


def order_figures(session: Session, customer_id: str) -> list[Figures]:
    """Of each currency, by its code: how many orders, their sum, what went back, the first, the last."""
    connection = session.connection()
    statement = _figures(exact=connection.dialect.name == "postgresql")
    return [
        (currency, count, _sum_of(sums[::2]), _sum_of(sums[1::2]), first, last)
        for currency, count, first, last, *sums in connection.execute(statement, {"customer_id": customer_id})
    ]


@lru_cache
def _figures(*, exact: bool) -> Select[Any]:
    """The sums are told in parts: of the orders the first, of their refunds the second, and so on.

    An order's refunds are looked up by the order: a join with all sums of refunds is made anew for each
    order where the database takes the customer for one of few orders.
    """
    totals, refunds = _parts(Order.total, exact=exact), _parts(Refund.amount, exact=exact)
    sums = (
        func.sum(part)
        for total, refunded in zip(totals, refunds, strict=True)
        for part in (total, _of_the_order(refunded))
    )
    return (
        select(Order.currency, func.count(), func.min(Order.ordered_at), func.max(Order.ordered_at), *sums)
        .where(Order.customer_id == bindparam("customer_id"))
        .group_by(Order.currency)
        .order_by(Order.currency)
    )


def _of_the_order(amount: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(func.sum(amount)).where(Refund.order_id == Order.id).correlate(Order).scalar_subquery()


def _parts(amount: Any, *, exact: bool) -> list[ColumnElement[Any]]:
    """SQLite ends a sum past 64 bits with an error, so that high and low bits are summed apart."""
    if exact:
        return [amount]
    steps = type_coerce(amount, BigInteger)
    return [steps.op(">>")(LOW_BITS), steps.op("&")(2**LOW_BITS - 1)]


def _sum_of(parts: Sequence[Any]) -> Decimal:
    """Of nothing it is 0."""
    if len(parts) == 1:
        return Decimal(parts[0] or 0)
    high, low = (part or 0 for part in parts)
    return Decimal((high << LOW_BITS) + low) * MONEY_STEP
