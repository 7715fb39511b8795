"""Orders over HTTP; on SQLite and PostgreSQL."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

PATH = "/api/orders"
LINE = {"title": "Green tea", "vendor": "Leaf & Co", "quantity": 2, "price": 9.95}


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


def order(external_id: str = "1042", **fields: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "customer_id": "cust_1",
        "ordered_at": "2026-01-31T11:00:00+01:00",
        "currency": "EUR",
        "status": "paid",
        "total": 19.9,
        "lines": [LINE],
    } | fields


def record(desk: Desk, body: Any) -> dict[str, Any]:
    answer = desk.post(PATH, body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def orders_of(desk: Desk, customer_id: str = "cust_1", **query: Any) -> list[dict[str, Any]]:
    answer = desk.get(f"/api/customers/{customer_id}/orders", params=query)
    assert answer.status_code == 200, answer.text
    orders: list[dict[str, Any]] = answer.json()["orders"]
    return orders


def counts(created: int, updated: int) -> dict[str, Any]:
    return {"created": created, "updated": updated, "rejected": []}


def test_one_order_is_recorded_and_read_back(desk: Desk) -> None:
    refund = {"external_id": "r1", "at": "2026-02-01T09:00:00Z", "amount": 9.95}
    tracking = {"numbers": ["1Z9"], "urls": ["https://t.example.com/1Z9"], "carrier": "UPS"}
    more = {"discount": 1.5, "channel": "web", "fulfillment_status": "fulfilled"}
    assert record(desk, order(refunds=[refund], tracking=tracking, **more)) == counts(1, 0)
    (told,) = orders_of(desk)
    assert told.pop("id").startswith("order_")
    assert told.pop("created_at") == told.pop("updated_at")
    absent = {"product_id": None, "category": None, "discount": None}
    assert told == order(
        ordered_at="2026-01-31T10:00:00.000Z",
        lines=[LINE | absent],
        refunds=[refund | {"at": "2026-02-01T09:00:00.000Z"}],
        tracking=tracking,
        **more,
    )


def test_the_customer_is_created_with_the_first_order(desk: Desk) -> None:
    assert desk.get("/api/customers/cust_1").status_code == 404
    record(desk, order())
    assert desk.get("/api/customers/cust_1").json()["order_count"] == 1


def test_sending_orders_again_updates_them(desk: Desk) -> None:
    both = {"orders": [order("1"), order("2")]}
    assert record(desk, both) == counts(2, 0)
    assert record(desk, both) == counts(0, 2)
    assert record(desk, order("1", status="cancelled")) == counts(0, 1)
    assert {told["external_id"]: told["status"] for told in orders_of(desk)} == {
        "1": "cancelled",
        "2": "paid",
    }


def test_of_many_a_bad_one_is_rejected_by_its_place_and_the_others_go_in(desk: Desk) -> None:
    bad_line = order("3", lines=[LINE, LINE | {"price": -1, "colour": "red"}])
    sent = [order("1"), order("2", total="a lot"), bad_line, 7, None, order("4")]
    told = record(desk, {"orders": sent})
    assert (told["created"], told["updated"]) == (2, 0)
    assert [(entry["index"], sorted(entry["errors"])) for entry in told["rejected"]] == [
        (1, ["total"]),
        (2, ["lines.1.colour", "lines.1.price"]),
        (3, ["body"]),
        (4, ["body"]),
    ]
    assert all(
        text.endswith(".")
        for entry in told["rejected"]
        for texts in entry["errors"].values()
        for text in texts
    )
    assert {told["external_id"] for told in orders_of(desk)} == {"1", "4"}


def test_a_bad_order_by_itself_is_refused(desk: Desk) -> None:
    answer = desk.post(PATH, order(total=-1, is_admin=True))
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"total", "is_admin"}
    assert desk.get("/api/customers/cust_1").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"orders": "x"}, "orders"),
        ({"orders": None}, "orders"),
        ({"orders": {"0": order()}}, "orders"),
        ({"orders": [order()], "external_id": "1"}, "external_id"),
        ({"orders": [1] * 501}, "orders"),
        ([order()], "body"),
        ("x", "body"),
        ({}, "external_id"),
    ],
)
def test_a_body_that_is_neither_an_order_nor_a_list_is_refused(desk: Desk, body: Any, field: str) -> None:
    answer = desk.post(PATH, body)
    assert (answer.status_code, field in answer.json()["errors"]) == (422, True), answer.text


def test_a_list_without_orders_is_no_fault(desk: Desk) -> None:
    assert record(desk, {"orders": []}) == counts(0, 0)


def test_five_hundred_orders_go_in_at_once(desk: Desk) -> None:
    body = {
        "orders": [
            order(str(number), customer_id=f"c{number % 50}", lines=[LINE] * 5) for number in range(500)
        ]
    }
    assert len(json.dumps(body)) < 2**19
    assert record(desk, body) == counts(500, 0)
    assert record(desk, body) == counts(0, 500)
    customers = desk.get("/api/customers?limit=1").json()
    assert customers["pagination"]["total"] == 50


def test_what_is_wrong_with_many_orders_is_told_in_bounds(desk: Desk) -> None:
    worst = {f"{'x' * 200}{number}": 1 for number in range(20)}
    told = record(desk, {"orders": [worst] * 100})
    assert len(told["rejected"]) == 100
    assert all(len(entry["errors"]) <= 10 for entry in told["rejected"])
    assert max(len(name) for entry in told["rejected"] for name in entry["errors"]) <= 100


def test_the_same_order_at_once_is_created_once_and_nobody_fails(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: desk.post(PATH, order(status=f"s{number}")), range(16)))
    assert [answer.status_code for answer in answers] == [200] * 16
    assert sum(answer.json()["created"] for answer in answers) == 1
    assert len(orders_of(desk)) == 1


def test_many_lists_of_the_same_orders_at_once_are_all_taken(desk: Desk) -> None:
    orders = [order(str(number), customer_id=f"c{number % 7}") for number in range(60)]
    for customer in range(7):
        desk.new_ticket(f"c{customer}")
        desk.get(f"/api/ai/customers/c{customer}/intelligence")
    lists = [orders, orders[::-1], orders[30:] + orders[:30]] * 3
    changed = [[entry | {"status": f"s{number}"} for entry in sent] for number, sent in enumerate(lists)]
    with ThreadPoolExecutor(9) as pool:
        answers = list(pool.map(lambda sent: desk.post(PATH, {"orders": sent}), changed))
    assert [answer.status_code for answer in answers] == [200] * 9
    assert sum(answer.json()["created"] for answer in answers) == 60
    told = [entry["status"] for customer in range(7) for entry in orders_of(desk, f"c{customer}")]
    assert (len(told), len(set(told))) == (60, 1)


def test_amounts_come_back_as_they_went_in(desk: Desk) -> None:
    amounts = [0, 0.1, 19.9, 0.0001, 99_999_999_999.9999, "12.50", 100_000_000_000]
    record(desk, {"orders": [order(str(number), total=total) for number, total in enumerate(amounts)]})
    told = {entry["external_id"]: entry["total"] for entry in orders_of(desk)}
    assert [told[str(number)] for number in range(len(amounts))] == [float(amount) for amount in amounts]


def test_a_customers_orders_are_newest_first_and_paged(desk: Desk) -> None:
    days = {f"o{day}": f"2026-01-{day:02}T10:00:00Z" for day in range(1, 8)}
    record(desk, {"orders": [order(name, ordered_at=at) for name, at in days.items()]})
    names = sorted(days, reverse=True)
    assert [told["external_id"] for told in orders_of(desk)] == names
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = desk.get("/api/customers/cust_1/orders", params=query).json()
        assert page["pagination"]["total"] == 7
        seen += [told["external_id"] for told in page["orders"]]
        if page["pagination"]["next_cursor"] is None:
            break
        query["cursor"] = page["pagination"]["next_cursor"]
    assert seen == names
    assert [told["external_id"] for told in orders_of(desk, page=2, limit=3)] == names[3:6]


def test_orders_of_one_moment_are_walked_without_a_gap(desk: Desk) -> None:
    record(desk, {"orders": [order(str(number)) for number in range(7)]})
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = desk.get("/api/customers/cust_1/orders", params={"limit": 2} | cursor).json()
        seen += [told["external_id"] for told in page["orders"]]
        cursor = {"cursor": page["pagination"]["next_cursor"]}
    assert sorted(seen) == [str(number) for number in range(7)]
