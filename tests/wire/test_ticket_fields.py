"""Custom fields of tickets over HTTP; on SQLite and PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

PATH = "/api/ticket-fields"


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


def define(desk: Desk, key: str, kind: str, **more: Any) -> dict[str, Any]:
    answer = desk.post(PATH, {"key": key, "label": key.title(), "type": kind} | more)
    assert answer.status_code == 201, answer.text
    field: dict[str, Any] = answer.json()["field"]
    return field


def values_of(desk: Desk, ticket_id: str) -> dict[str, Any]:
    values: dict[str, Any] = desk.get(f"/api/tickets/{ticket_id}").json()["custom_fields"]
    return values


def test_a_desk_without_fields_lists_none(desk: Desk) -> None:
    assert desk.get(PATH).json() == {"fields": []}


def test_values_go_in_by_their_type_and_come_out_the_same(desk: Desk) -> None:
    define(desk, "order_number", "text")
    define(desk, "pieces", "number")
    define(desk, "gift", "boolean")
    define(desk, "due", "date")
    define(desk, "colour", "choice", choices=["red", "green", "red"])
    assert [field["key"] for field in desk.get(PATH).json()["fields"]] == [
        "colour",
        "due",
        "gift",
        "order_number",
        "pieces",
    ]
    values = {"order_number": "A-17", "pieces": 2.5, "gift": False, "due": "2026-01-31", "colour": "red"}
    ticket_id = desk.new_ticket(custom_fields=values)
    assert values_of(desk, ticket_id) == values
    path = f"/api/tickets/{ticket_id}"
    change = {"custom_fields": {"pieces": 3, "gift": None}}
    after = {"order_number": "A-17", "pieces": 3, "due": "2026-01-31", "colour": "red"}
    assert desk.patch(path, change).json()["ticket"]["custom_fields"] == after
    refused = desk.patch(path, {"priority": "low", "custom_fields": {"colour": "blue"}})
    assert refused.status_code == 422
    assert "red, green" in refused.json()["errors"]["custom_fields.colour"][0]
    assert values_of(desk, ticket_id) == after
    last = desk.get(f"{path}/events").json()["events"][0]
    assert last["after"] == {"custom_fields": after}


def test_an_archived_field_keeps_its_values_and_can_come_back(desk: Desk) -> None:
    define(desk, "batch", "text")
    ticket_id = desk.new_ticket(custom_fields={"batch": "7"})
    assert desk.call("DELETE", f"{PATH}/batch").status_code == 204
    assert desk.call("DELETE", f"{PATH}/batch").status_code == 404
    assert values_of(desk, ticket_id) == {"batch": "7"}
    assert desk.get(PATH).json()["fields"][0]["archived_at"]
    refused = desk.patch(f"/api/tickets/{ticket_id}", {"custom_fields": {"batch": "8"}})
    assert refused.status_code == 422
    other = {"key": "batch", "label": "Batch", "type": "number"}
    assert desk.post(PATH, other).status_code == 409
    assert define(desk, "batch", "text")["archived_at"] is None


def test_a_definition_changes_its_label_and_choices_alone(desk: Desk) -> None:
    define(desk, "colour", "choice", choices=["red"])
    define(desk, "note", "text")
    answer = desk.patch(f"{PATH}/colour", {"label": "Color", "choices": ["red", "blue"]})
    assert (answer.json()["field"]["label"], answer.json()["field"]["choices"]) == ("Color", ["red", "blue"])
    for key, body, field in (
        ("colour", {"type": "text"}, "type"),
        ("colour", {"choices": []}, "choices"),
        ("note", {"choices": ["a"]}, "choices"),
        ("note", {"label": ""}, "label"),
    ):
        refused = desk.patch(f"{PATH}/{key}", body)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, [field]), body
    assert desk.patch(f"{PATH}/none", {"label": "None"}).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"key": "9", "label": "x", "type": "text"}, "key"),
        ({"key": "a b", "label": "x", "type": "text"}, "key"),
        ({"key": "a", "label": "x", "type": "color"}, "type"),
        ({"key": "a", "label": "x", "type": "choice"}, "choices"),
        ({"key": "a", "label": "x", "type": "text", "choices": ["a"]}, "choices"),
        ({"key": "a", "type": "text"}, "label"),
    ],
)
def test_a_definition_that_cannot_be_is_refused_by_name(desk: Desk, body: dict[str, Any], field: str) -> None:
    answer = desk.post(PATH, body)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])


def test_of_many_who_define_one_key_at_once_one_does(desk: Desk) -> None:
    body = {"key": "batch", "label": "Batch", "type": "text"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: desk.post(PATH, body).status_code, range(8)))
    assert sorted(answers) == [201] + [409] * 7


def test_there_is_an_end_to_fields(desk: Desk) -> None:
    for number in range(100):
        define(desk, f"field_{number}", "text")
    answer = desk.post(PATH, {"key": "one_more", "label": "One more", "type": "text"})
    assert (answer.status_code, answer.json()["detail"]) == (
        409,
        "There are 100 custom fields, and no room for more.",
    )
