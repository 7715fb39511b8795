"""The log of orders as facts, for what is counted of many customers."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.statistics import CANCELLED, LineFact, OrderColumns, OrderFact
from service.customers import log_queries, queries
from service.customers.orders import OrderFacts

NOTHING = Decimal(0)


class OrderLog:
    """In a fixed number of statements for a thousand customers or orders. Days are UTC."""

    def of_customers(
        self, session: Session, customer_ids: Collection[str], *, as_of: date | None = None
    ) -> dict[str, list[OrderFact]]:
        """By customer, with an empty list for one without orders; refunds after `as_of` do not count."""
        facts: dict[str, list[OrderFact]] = {customer_id: [] for customer_id in customer_ids}
        for customer_id, fact in _facts(log_queries.orders_of_customers(session, customer_ids), as_of):
            facts[customer_id].append(fact)
        return facts

    def columns(
        self, session: Session, first: str, last: str, *, first_number: int
    ) -> tuple[OrderColumns, int]:
        """Orders of the customers from one id to another, who are numbered, and the next number."""
        orders, refunds = log_queries.amounts_between(session, first, last)
        back: dict[str, Decimal] = defaultdict(lambda: NOTHING)
        for refund in refunds:
            back[refund.order_id] += refund.amount
        counted = [order for order in orders if order.status.casefold() not in CANCELLED]
        customers, number, known = [], first_number - 1, None
        for order in counted:
            if order.customer_id != known:
                known, number = order.customer_id, number + 1
            customers.append(number)
        told = OrderColumns(
            customers=customers,
            days=[order.ordered_at.toordinal() for order in counted],
            amounts=[float(order.total - back[order.id]) for order in counted],
            currencies=[order.currency for order in counted],
        )
        return told, number + 1

    def knows(self, session: Session, customer_id: str) -> bool:
        """Whether the desk has such a customer, with orders or without."""
        return queries.is_there(session, customer_id)

    def customers_after(self, session: Session, after: str, limit: int) -> Sequence[str]:
        """Ids of customers, with orders or without, in their order."""
        return log_queries.customers_after(session, after, limit)


def fact_of(order: OrderFacts) -> OrderFact:
    """Of one that is at hand."""
    return OrderFact(
        day=order.ordered_at.astimezone(UTC).date(),
        currency=order.currency,
        total=order.total,
        status=order.status,
        refunded=order.refunded,
        refunds=len(order.refunds),
        discounted=bool(order.discount) or any(line.discount for line in order.lines),
        lines=tuple(LineFact(line.category, line.quantity, line.price) for line in order.lines),
    )


def _facts(parts: log_queries.Parts, as_of: date | None) -> Iterable[tuple[str, OrderFact]]:
    orders, lines, refunds = parts
    lines_of, refunds_of = _by_order(lines), _by_order(refunds)
    for order in orders:
        own = lines_of.get(order.id, ())
        back = [refund.amount for refund in refunds_of.get(order.id, ()) if _by(refund, as_of)]
        yield (
            order.customer_id,
            OrderFact(
                day=order.ordered_at.date(),
                currency=order.currency,
                total=order.total,
                status=order.status,
                refunded=sum(back, NOTHING),
                refunds=len(back),
                discounted=bool(order.discount) or any(line.discount for line in own),
                lines=tuple(LineFact(line.category, line.quantity, line.price) for line in own),
            ),
        )


def _by_order(rows: Sequence[Row[Any]]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.order_id, []).append(row)
    return found


def _by(refund: Row[Any], as_of: date | None) -> bool:
    return as_of is None or refund.at.date() <= as_of
