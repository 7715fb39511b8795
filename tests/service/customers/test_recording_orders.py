"""What becomes of orders that are recorded; on SQLite and PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from providers.testing.fakes import FakeClock
from service.customers.models import Customer, Order, OrderLine, Refund
from service.customers.orders import NewOrder, OrderRecord, Tracking
from service.customers.services import CustomerService, OrderService, Recorded
from service.database import Database
from service.events import StoredEvent
from tests.service.customers.orders_sent import loaded

Statements = Callable[[], AbstractContextManager[list[str]]]


def on_record(orders: OrderService, customer_id: str = "cust_1") -> dict[str, OrderRecord]:
    return {order.external_id: order for order in orders.search_orders(customer_id)}


def recorded_events(database: Database, kind: str = "order.recorded") -> list[StoredEvent]:
    with database.reading() as session:
        statement = select(StoredEvent).where(StoredEvent.type == kind).order_by(StoredEvent.id)
        return list(session.scalars(statement))


def ref_of(database: Database, customer_id: str) -> str:
    with database.reading() as session:
        return session.get_one(Customer, customer_id).ref


def test_an_order_is_kept_as_it_was_sent(orders: OrderService) -> None:
    line = {
        "title": "Green tea",
        "product_id": "tea-17",
        "vendor": "Leaf & Co",
        "category": "Tea",
        "quantity": 2,
        "price": 9.95,
        "discount": 0.5,
    }
    tracking = {"numbers": ["1Z9"], "urls": ["https://t.example.com/1Z9"], "carrier": "UPS"}
    refund = {"external_id": "r1", "at": "2026-02-01T09:00:00+01:00", "amount": "4.4001"}
    more = {"fulfillment_status": "fulfilled", "discount": 0.5, "channel": "web"}
    new = loaded(lines=[line, line], refunds=[refund], tracking=tracking, **more)
    assert orders.record([new], actor="shop") == Recorded(created=1, updated=0)
    order = on_record(orders)["1042"]
    assert order.columns() == new.columns()
    assert (order.lines, order.refunds) == (new.lines, new.refunds)
    assert order.total == Decimal("19.9")
    assert order.refunded == Decimal("4.4001")
    assert order.tracking == Tracking(numbers=("1Z9",), urls=("https://t.example.com/1Z9",), carrier="UPS")


def test_an_unknown_customer_is_created_and_a_known_one_left_alone(
    database: Database, customers: CustomerService, orders: OrderService
) -> None:
    orders.record([loaded("1"), loaded("2"), loaded("3", customer_id="cust_2")], actor="shop")
    orders.record([loaded("4")], actor="shop")
    assert len(recorded_events(database, "customer.created")) == 2
    assert customers.read("cust_2").name is None


def test_an_order_sent_again_takes_the_place_of_what_was_sent_before(orders: OrderService) -> None:
    refunds = [{"external_id": "r1", "at": "2026-02-01T09:00:00Z", "amount": 5}]
    orders.record([loaded(refunds=refunds, channel="web")], actor="shop")
    first = on_record(orders)["1042"]
    lines = [{"title": "Black tea", "quantity": 1, "price": 7}]
    again = loaded(lines=lines, total=7, status="refunded", refunds=[])
    assert orders.record([again], actor="shop") == Recorded(created=0, updated=1)
    second = on_record(orders)["1042"]
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert [line.title for line in second.lines] == ["Black tea"]
    assert (second.refunds, second.status, second.total) == ((), "refunded", Decimal(7))


def test_what_is_left_out_stays_and_null_takes_it_away(orders: OrderService) -> None:
    told = {
        "fulfillment_status": "fulfilled",
        "discount": 1,
        "channel": "web",
        "refunds": [{"external_id": "r1", "at": "2026-02-01T09:00:00Z", "amount": 5}],
        "tracking": {"numbers": ["1Z9"]},
    }
    orders.record([loaded(**told)], actor="shop")
    before = on_record(orders)["1042"]
    orders.record([loaded(status="done")], actor="shop")
    after = on_record(orders)["1042"]
    assert [getattr(after, name) for name in told] == [getattr(before, name) for name in told]
    orders.record([loaded(**dict.fromkeys(told))], actor="shop")
    cleared = on_record(orders)["1042"]
    assert [getattr(cleared, name) for name in told] == [None, None, None, (), None]


def test_an_order_as_it_was_counts_as_updated_and_is_no_event(
    database: Database, orders: OrderService, clock: FakeClock
) -> None:
    refunds = [{"external_id": name, "at": "2026-02-01T09:00:00Z", "amount": 5} for name in "ba"]
    new = loaded(refunds=refunds, tracking={"numbers": ["1Z9"]}, total=0.1 + 0.2)
    orders.record([new], actor="shop")
    before = on_record(orders)
    clock.advance(60)
    assert orders.record([new], actor="shop") == Recorded(created=0, updated=1)
    assert on_record(orders) == before
    assert len(recorded_events(database)) == 1


def test_an_event_tells_what_changed_and_nothing_of_a_person(
    database: Database, orders: OrderService
) -> None:
    orders.record([loaded(tracking={"numbers": ["1Z9"]})], actor="shop")
    order = on_record(orders)["1042"]
    orders.record([loaded(status="done", total=21)], actor="csv")
    created, changed = recorded_events(database)
    assert created.subject_id == changed.subject_id == ref_of(database, "cust_1")
    assert (created.subject_type, created.actor, created.before) == ("customer", "shop", None)
    assert created.after == {
        "order_id": order.id,
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "fulfillment_status": None,
        "total": 19.9,
        "discount": None,
        "channel": None,
        "lines": 1,
        "refunded": 0,
        "tracked": True,
    }
    assert (changed.actor, changed.before) == ("csv", {"status": "paid", "total": 19.9})
    assert changed.after == {"order_id": order.id, "status": "done", "total": 21}
    assert (created.personal, changed.personal) == (None, None)


def test_a_change_of_the_lines_alone_is_an_event_too(database: Database, orders: OrderService) -> None:
    orders.record([loaded()], actor="shop")
    other = [{"title": "Black tea", "quantity": 2, "price": 9.95}]
    orders.record([loaded(lines=other)], actor="shop")
    _, changed = recorded_events(database)
    assert changed.after == {"order_id": on_record(orders)["1042"].id, "contents": "changed"}


def test_an_order_may_go_to_another_customer_and_both_are_told(
    database: Database, orders: OrderService
) -> None:
    orders.record([loaded()], actor="shop")
    assert orders.record([loaded(customer_id="cust_2")], actor="shop") == Recorded(0, 1)
    assert on_record(orders) == {}
    order = on_record(orders, "cust_2")["1042"]
    one, two = ref_of(database, "cust_1"), ref_of(database, "cust_2")
    moved = recorded_events(database)[1:]
    assert [event.subject_id for event in moved] == [two, one]
    for event in moved:
        assert event.before == {"customer_ref": one}
        assert event.after == {"order_id": order.id, "customer_ref": two}


def test_an_order_twice_in_one_batch_counts_as_one_sent_after_the_other(
    database: Database, orders: OrderService
) -> None:
    refunds = [{"external_id": "r1", "at": "2026-02-01T09:00:00Z", "amount": 5}]
    batch = [loaded(refunds=refunds), loaded("7"), loaded(status="refunded"), loaded(channel="web")]
    assert orders.record(batch, actor="shop") == Recorded(created=2, updated=2)
    order = on_record(orders)["1042"]
    assert (order.status, order.channel, order.refunded) == ("paid", "web", Decimal(5))
    assert len(recorded_events(database)) == 2
    assert orders.record(batch, actor="shop") == Recorded(created=0, updated=4)
    assert len(recorded_events(database)) == 2


def test_no_orders_are_no_work(orders: OrderService, statements: Statements) -> None:
    with statements() as seen:
        assert orders.record([], actor="shop") == Recorded(0, 0)
    assert seen == []


def batch_of(count: int, *, named: str = "order", **fields: Any) -> list[NewOrder]:
    line = {"title": "Tea", "quantity": 1, "price": 1}
    refund = {"external_id": "r", "at": "2026-02-01T09:00:00Z", "amount": 1}
    return [
        loaded(
            f"{named}-{number}",
            lines=[line, line | {"vendor": "Leaf"}, line],
            refunds=[refund],
            **{"customer_id": f"c{number}", "channel": "web" if number % 2 else None} | fields,
        )
        for number in range(count)
    ]


def test_five_hundred_orders_take_as_many_statements_as_two(
    customers: CustomerService, database: Database, orders: OrderService, statements: Statements
) -> None:
    for fields in ({}, {}, {"status": "done", "customer_id": "one"}):
        counts = []
        for size in (2, 500):
            batch = batch_of(size, named=f"of {size}", **fields)
            with database.writing() as session:
                customers.ensure_all(session, {"one", *(f"c{number}" for number in range(size))}, actor="a")
            with statements() as seen:
                orders.record(batch, actor="shop")
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 12, fields


def counted(database: Database, table: type[Any]) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_many_who_record_the_same_orders_at_once_neither_fail_nor_double(
    database: Database, orders: OrderService
) -> None:
    forward = batch_of(20)
    batches = [forward, forward[::-1], forward[10:] + forward[:10], forward[::-1]] * 2
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda batch: orders.record(batch, actor="shop"), batches))
    assert sum(recorded.created for recorded in done) == 20
    assert sum(recorded.updated for recorded in done) == 20 * 7
    assert [counted(database, table) for table in (Customer, Order, OrderLine, Refund)] == [20, 20, 60, 20]
    assert len(recorded_events(database)) == 20


def test_of_changes_at_once_each_is_whole(database: Database, orders: OrderService) -> None:
    def send(number: int) -> Recorded:
        lines = [{"title": f"Tea {number}", "quantity": number, "price": 1}] * (number + 1)
        return orders.record([loaded(status=f"s{number}", lines=lines)], actor="shop")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(send, range(8)))
    order = on_record(orders)["1042"]
    number = int(order.status.removeprefix("s"))
    assert [line.title for line in order.lines] == [f"Tea {number}"] * (number + 1)
