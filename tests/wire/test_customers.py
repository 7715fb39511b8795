"""Customers over HTTP; on SQLite and PostgreSQL."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

PATH = "/api/customers"
ADA = {
    "id": "ada",
    "name": "Ada",
    "email": "Ada@Example.org",
    "phone": "+44 20 1",
    "locale": "en-GB",
    "time_zone": "Europe/London",
    "preferences": {"newsletter": False, "sizes": {"shoe": 38.5, "list": [1, None, "a"]}},
    "external_ids": {"quimbi": "7001"},
}
NO_ORDERS = {"order_count": 0, "total_spent": [], "last_order_at": None}


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


def create(desk: Desk, body: dict[str, Any]) -> dict[str, Any]:
    answer = desk.post(PATH, body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"] == f"{PATH}/{quote(made['id'], safe='')}"
    return made


def read(desk: Desk, customer_id: str) -> dict[str, Any]:
    answer = desk.get(f"{PATH}/{customer_id}")
    assert answer.status_code == 200, answer.text
    customer: dict[str, Any] = answer.json()
    assert "churn_risk" in customer.pop("intelligence")
    return customer


def change(desk: Desk, customer_id: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = desk.patch(f"{PATH}/{customer_id}", body)
    assert answer.status_code == 200, answer.text
    customer: dict[str, Any] = answer.json()
    assert customer == read(desk, customer_id)
    return customer


def order(external_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "customer_id": "ada",
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "total": 20,
        "lines": [],
    } | fields


def test_a_customer_is_created_as_told(desk: Desk) -> None:
    made = create(desk, ADA)
    assert made == read(desk, "ada")
    assert made.pop("created_at") == made.pop("updated_at")
    assert made == ADA | NO_ORDERS


def test_without_an_id_one_is_made_and_what_is_not_told_is_not_known(desk: Desk) -> None:
    made = create(desk, {})
    assert made["id"].startswith("customer_")
    assert {name: made[name] for name in ADA if name != "id"} == {
        **dict.fromkeys(["name", "email", "phone", "locale", "time_zone"]),
        "preferences": {},
        "external_ids": {},
    }


def test_an_id_that_is_known_is_a_conflict(desk: Desk) -> None:
    desk.new_ticket("ada")
    answer = desk.post(PATH, ADA)
    assert answer.status_code == 409
    assert "'ada'" in answer.json()["detail"]
    assert read(desk, "ada")["name"] is None


def test_an_id_may_need_encoding_in_a_path(desk: Desk) -> None:
    made = create(desk, {"id": "kim@example.com"})
    assert read(desk, quote(made["id"], safe=""))["id"] == "kim@example.com"


def test_a_change_leaves_what_it_does_not_name_and_null_clears(desk: Desk) -> None:
    create(desk, ADA)
    changed = change(desk, "ada", {"email": "ada@new.example", "phone": None, "locale": "fr"})
    assert {name: changed[name] for name in ADA} == ADA | {
        "email": "ada@new.example",
        "phone": None,
        "locale": "fr",
    }


def test_preferences_and_external_ids_change_by_their_keys(desk: Desk) -> None:
    create(desk, ADA)
    changed = change(
        desk,
        "ada",
        {"preferences": {"newsletter": True, "sizes": None}, "external_ids": {"quimbi": None, "crm": "9"}},
    )
    assert (changed["preferences"], changed["external_ids"]) == ({"newsletter": True}, {"crm": "9"})
    changed = change(desk, "ada", {"preferences": None, "external_ids": None})
    assert (changed["preferences"], changed["external_ids"]) == ({}, {})


@pytest.mark.parametrize("field", ["preferences", "external_ids"])
def test_changes_do_not_add_up_beyond_the_bounds(desk: Desk, field: str) -> None:
    create(desk, ADA)
    refused = None
    for number in range(40):
        values = {f"k{number}_{more}": "x" for more in range(15)}
        answer = desk.patch(f"{PATH}/ada", {"name": f"Ada {number}", field: values})
        if answer.status_code != 200:
            refused = answer
            break
    assert refused is not None
    assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])
    assert read(desk, "ada")["name"] == f"Ada {number - 1}"


@pytest.mark.parametrize("field", ["id", "ref", "created_at", "order_count", "total_spent", "is_admin"])
def test_what_the_desk_keeps_nobody_sets(desk: Desk, field: str) -> None:
    create(desk, ADA)
    answer = desk.patch(f"{PATH}/ada", {field: "x"})
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_nobody_is_404(desk: Desk) -> None:
    for path in ("nobody", "nobody/orders", "nobody/tickets"):
        assert desk.get(f"{PATH}/{path}").status_code == 404, path
    assert desk.patch(f"{PATH}/nobody", {"name": "X"}).status_code == 404


def test_what_orders_come_to_stands_by_currency(desk: Desk) -> None:
    create(desk, ADA)
    refund = {"external_id": "r1", "at": "2026-02-01T09:00:00Z", "amount": 5.5}
    sent = [
        order("1", refunds=[refund]),
        order("2", currency="USD", total=7, ordered_at="2026-03-01T10:00:00Z"),
        order("3", total=0.1),
    ]
    assert desk.post("/api/orders", {"orders": sent}).status_code == 200
    customer = read(desk, "ada")
    assert {name: customer[name] for name in NO_ORDERS} == {
        "order_count": 3,
        "total_spent": [{"currency": "EUR", "amount": 14.6}, {"currency": "USD", "amount": 7}],
        "last_order_at": "2026-03-01T10:00:00.000Z",
    }


def test_customers_are_listed_newest_first_and_walked_by_cursor(desk: Desk) -> None:
    made = [create(desk, {})["id"] for _ in range(7)][::-1]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    for has_next in (True, True, False):
        page = desk.get(PATH, params=query).json()
        seen += [customer["id"] for customer in page["customers"]]
        assert (page["pagination"]["has_next"], page["pagination"]["total"]) == (has_next, 7)
        query["cursor"] = page["pagination"]["next_cursor"]
    assert seen == made
    second = desk.get(PATH, params={"page": 2, "limit": 3}).json()
    assert [customer["id"] for customer in second["customers"]] == made[3:6]
    assert set(second["customers"][0]) == set(ADA) | {"created_at", "updated_at"}


def test_customers_are_found_by_the_whole_address_in_any_case(desk: Desk) -> None:
    create(desk, ADA)
    create(desk, {"id": "eve", "email": "ada@example.org"})
    create(desk, {"id": "bob", "email": "xada@example.org"})
    page = desk.get(PATH, params={"email": "ADA@example.ORG"}).json()
    assert [customer["id"] for customer in page["customers"]] == ["eve", "ada"]
    assert page["pagination"]["total"] == 2
    assert desk.get(PATH, params={"email": "%"}).json()["customers"] == []


def test_customers_are_found_by_words_of_name_and_address(desk: Desk) -> None:
    create(desk, ADA)
    create(desk, {"id": "eve", "name": "Eve Ada", "email": "eve@example.org"})
    create(desk, {"id": "bob", "name": "Adam"})
    desk.new_ticket("bob", initial_message="Where is Ada?")
    for words, found in (
        ("ada", ["eve", "ada"]),
        ("EXAMPLE eve", ["eve"]),
        ('"eve ada"', ["eve"]),
        ('"example eve"', []),
        ("ada@example.org", ["ada"]),
        ("Where", []),
    ):
        page = desk.get(PATH, params={"q": words}).json()
        assert [customer["id"] for customer in page["customers"]] == found, words
        assert page["pagination"]["total"] == len(found)
    change(desk, "eve", {"name": "Eve"})
    assert [one["id"] for one in desk.get(PATH, params={"q": "ada"}).json()["customers"]] == ["ada"]
    page = desk.get(PATH, params={"q": "example", "limit": 1}).json()
    assert [one["id"] for one in page["customers"]] == ["eve"]
    cursor = page["pagination"]["next_cursor"]
    page = desk.get(PATH, params={"q": "example", "limit": 1, "cursor": cursor}).json()
    assert [one["id"] for one in page["customers"]] == ["ada"]
    page = desk.get(PATH, params={"q": "example", "email": "EVE@example.org"}).json()
    assert [one["id"] for one in page["customers"]] == ["eve"]


def test_a_customers_tickets_are_those_of_the_list(desk: Desk) -> None:
    first, second = desk.new_ticket("ada"), desk.new_ticket("ada")
    desk.new_ticket("eve")
    page = desk.get(f"{PATH}/ada/tickets").json()
    listed = desk.get("/api/tickets?customer_id=ada&sort=created_at").json()
    assert page["pagination"] == listed["pagination"]
    assert [set(ticket) for ticket in page["tickets"]] == [set(ticket) for ticket in listed["tickets"]]
    assert [ticket["id"] for ticket in page["tickets"]] == [second, first]
    assert [ticket["id"] for ticket in desk.get(f"{PATH}/ada/tickets?page=2&limit=1").json()["tickets"]] == [
        first
    ]
