"""Orders: recorded as shops tell of them, and read back."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.customers import models, page_queries, queries
from service.customers.orders import Line, NewOrder, OrderRecord, Purchase, Refund, Tracking, folded
from service.customers.services.customers import CustomerService
from service.database import Database
from service.events import ORDER_RECORDED, Event, EventLog, differing
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.upserts import Upsert

FOUND_ORDERS = 100


@dataclass(frozen=True, slots=True)
class Recorded:
    """`updated` counts those that were there, the unchanged ones included."""

    created: int
    updated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFigures:
    """Of a customer's orders in one currency; `total` is what was paid, before what went back."""

    currency: str
    count: int
    total: Decimal
    refunded: Decimal
    first_at: datetime
    last_at: datetime

    @property
    def spent(self) -> Decimal:
        return self.total - self.refunded


@dataclass(frozen=True, slots=True)
class ToldCustomer:
    """A customer beside what their orders come to."""

    customer: models.Customer
    total_spent: Sequence[OrderFigures]

    @property
    def order_count(self) -> int:
        return sum(figures.count for figures in self.total_spent)

    @property
    def last_order_at(self) -> datetime | None:
        return max((figures.last_at for figures in self.total_spent), default=None)


@dataclass(frozen=True, slots=True)
class _Change:
    """`known` is the order as it was on record; None for a new one."""

    id: str
    order: NewOrder
    known: OrderRecord | None


class OrderService:
    def __init__(
        self, database: Database, customers: CustomerService, events: EventLog, clock: Clock
    ) -> None:
        self._database = database
        self._customers = customers
        self._events = events
        self._clock = clock

    def record(self, orders: Sequence[NewOrder], *, actor: str) -> Recorded:
        """All or none, in a fixed number of statements up to 1,000; unknown customers are created.

        An external id that comes twice counts as if one order had been sent after the other. An order may
        change its customer. One that is as it was records no event.
        """
        with self._database.writing() as session:
            outcomes = self.record_within(session, orders, actor=actor)
        created = list(outcomes.values()).count(Upsert.CREATED)
        return Recorded(created, len(orders) - created)

    def record_within(self, session: Session, orders: Sequence[NewOrder], *, actor: str) -> dict[str, Upsert]:
        """As a part of a greater change. What became of each, by external id."""
        if not orders:
            return {}
        wanted = folded(orders)
        now = self._clock.now()
        refs = self._customers.ensure_all(session, {order.customer_id for order in wanted}, actor=actor)
        changes = self._differing(session, wanted, now)
        _write(session, changes, now)
        moved_from = {change.known.customer_id for change in changes if change.known and _moves(change)}
        refs |= queries.refs(session, moved_from) if moved_from else {}
        self._events.record_all(
            session,
            [event for change in changes for event in _events(change, refs, actor=actor, at=now)],
        )
        outcomes = {order.external_id: Upsert.UNCHANGED for order in wanted}
        return outcomes | {
            change.order.external_id: Upsert.UPDATED if change.known else Upsert.CREATED for change in changes
        }

    def listing(self, customer_id: str, page: Page) -> Listing[OrderRecord]:
        """Newest first. Raises `NotFound`."""
        self._customers.reference(customer_id)
        with self._database.reading() as session:
            rows = queries.orders_page(session, customer_id, page)
            total, estimated = queries.count_orders(session, customer_id)
        return paginate(
            [_on_record(row) for row in rows],
            page,
            total=total,
            estimated=estimated,
            place=lambda order: Cursor(order.ordered_at, order.id),
        )

    def last_purchase(self, session: Session, customer_id: str) -> Purchase | None:
        """The newest order, in one statement."""
        rows = page_queries.last_order_by_lines(session, customer_id)
        return _purchased(rows) if rows else None

    def order_figures(self, customer_id: str) -> list[OrderFigures]:
        with self._database.reading() as session:
            return self.figures(session, customer_id)

    def figures(self, session: Session, customer_id: str) -> list[OrderFigures]:
        """One of each currency, by its code: amounts of different ones are never added. In one statement."""
        return [
            OrderFigures(
                currency=currency,
                count=count,
                total=total,
                refunded=refunded,
                first_at=first_at,
                last_at=last_at,
            )
            for currency, count, total, refunded, first_at, last_at in page_queries.order_figures(
                session, customer_id
            )
        ]

    def search_orders(
        self,
        customer_id: str,
        *,
        terms: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int = FOUND_ORDERS,
    ) -> list[OrderRecord]:
        """Newest first, from `start` until before `end`, of the newest 1,000 there.

        Each word of `terms` is part of the external id or of a line's title, upper or lower case.
        """
        words = dict.fromkeys((terms or "").split())
        with self._database.reading() as session:
            rows = queries.orders_with(session, customer_id, words, start=start, end=end, limit=limit)
        return [_on_record(row) for row in rows]

    def _differing(self, session: Session, wanted: Sequence[NewOrder], now: datetime) -> list[_Change]:
        """What is new or not as it was. All are held."""
        ids = {order.external_id: new_id("order") for order in wanted}
        rows = [
            {"id": ids[order.external_id], "created_at": now, "updated_at": now} | order.columns()
            for order in wanted
        ]
        there = [row for row in queries.hold_orders(session, rows) if row.id != ids[row.external_id]]
        known = {record.external_id: record for record in _with_parts(session, there)}
        changes = []
        for order in wanted:
            before = known.get(order.external_id)
            after = order if before is None else order.over(before)
            if before is None:
                changes.append(_Change(ids[order.external_id], after, None))
            elif (before.columns(), before.contents) != (after.columns(), after.contents):
                changes.append(_Change(before.id, after, before))
        return changes


def _write(session: Session, changes: Sequence[_Change], now: datetime) -> None:
    known = [change for change in changes if change.known is not None]
    queries.change_orders(
        session, [{"id": change.id, "updated_at": now} | change.order.columns() for change in known]
    )
    of_known = [change.id for change in known]
    lines = [
        {"order_id": change.id, "position": position} | asdict(line)
        for change in changes
        for position, line in enumerate(change.order.lines)
    ]
    refunds = [
        {"order_id": change.id} | asdict(refund) for change in changes for refund in change.order.refunds
    ]
    queries.replace_parts(session, models.OrderLine, lines, of_known=of_known)
    queries.replace_parts(session, models.Refund, refunds, of_known=of_known)


def _moves(change: _Change) -> bool:
    return change.known is not None and change.known.customer_id != change.order.customer_id


def _events(change: _Change, refs: Mapping[str, str], *, actor: str, at: datetime) -> list[Event]:
    """Of the customer who has it, and of the one who had it."""
    told = change.order.told()
    changed = differing(change.known.told(), told) if change.known else {"after": told}
    before, after = changed.get("before"), {"order_id": change.id} | changed.get("after", {})
    if change.known is not None and change.known.contents != change.order.contents:
        after["contents"] = "changed"
    customer_ids = [change.order.customer_id]
    if change.known is not None and _moves(change):
        customer_ids.append(change.known.customer_id)
        before = (before or {}) | {"customer_ref": refs[change.known.customer_id]}
        after |= {"customer_ref": refs[change.order.customer_id]}
    return [
        Event(
            type=ORDER_RECORDED,
            subject_type="customer",
            subject_id=refs[customer_id],
            actor=actor,
            at=at,
            before=before,
            after=after,
            at_hand=change.order,
        )
        for customer_id in customer_ids
    ]


def _with_parts(session: Session, rows: Sequence[models.Order]) -> list[OrderRecord]:
    """Loaded at once for all of them."""
    if not rows:
        return []
    ids = [row.id for row in rows]
    lines: dict[str, list[models.OrderLine]] = defaultdict(list)
    refunds: dict[str, list[models.Refund]] = defaultdict(list)
    for line in queries.lines_of(session, ids):
        lines[line.order_id].append(line)
    for refund in queries.refunds_of(session, ids):
        refunds[refund.order_id].append(refund)
    return [_recorded(row, lines[row.id], refunds[row.id]) for row in rows]


def _on_record(row: models.Order) -> OrderRecord:
    return _recorded(row, row.lines, row.refunds)


def _recorded(
    row: models.Order, lines: Sequence[models.OrderLine], refunds: Sequence[models.Refund]
) -> OrderRecord:
    return OrderRecord(
        id=row.id,
        external_id=row.external_id,
        customer_id=row.customer_id,
        ordered_at=row.ordered_at,
        currency=row.currency,
        status=row.status,
        fulfillment_status=row.fulfillment_status,
        total=row.total,
        discount=row.discount,
        channel=row.channel,
        tracking=Tracking.stored(row.tracking),
        created_at=row.created_at,
        updated_at=row.updated_at,
        lines=tuple(_line(line) for line in lines),
        refunds=tuple(
            Refund(external_id=refund.external_id, at=refund.at, amount=refund.amount)
            for refund in sorted(refunds, key=lambda refund: refund.external_id)
        ),
    )


def _purchased(rows: Sequence[Row[Any]]) -> Purchase:
    order = rows[0]
    return Purchase(
        external_id=order.external_id,
        ordered_at=order.ordered_at,
        currency=order.currency,
        total=order.total,
        status=order.status,
        fulfillment_status=order.fulfillment_status,
        tracking=Tracking.stored(order.tracking) or Tracking(),
        lines=tuple(_line(row) for row in rows if row.of_order is not None),
    )


def _line(row: models.OrderLine | Row[Any]) -> Line:
    return Line(
        title=row.title,
        quantity=row.quantity,
        price=row.price,
        product_id=row.product_id,
        vendor=row.vendor,
        category=row.category,
        discount=row.discount,
    )
