"""Tickets changed, deleted, restored; on SQLite and PostgreSQL."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.wire.cases import until_taken
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


OF_THE_CUSTOMER = {"customer", "customer_profile"}
"""What stands beside the ticket, and comes when a provider has answered."""


def read(desk: Desk, ticket_id: str) -> dict[str, Any]:
    answer = desk.get(f"/api/tickets/{ticket_id}")
    assert answer.status_code == 200, answer.text
    ticket: dict[str, Any] = answer.json()
    return {name: told for name, told in ticket.items() if name not in OF_THE_CUSTOMER}


def changed(desk: Desk, ticket_id: str, **fields: Any) -> dict[str, Any]:
    answer = desk.patch(f"/api/tickets/{ticket_id}", fields)
    assert answer.status_code == 200, answer.text
    ticket: dict[str, Any] = answer.json()["ticket"]
    return ticket


def history(desk: Desk, ticket_id: str, **query: Any) -> list[dict[str, Any]]:
    answer = desk.get(f"/api/tickets/{ticket_id}/events", params={"order": "asc"} | query)
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["events"]
    return events


def totals(desk: Desk) -> dict[str, int]:
    return {
        status: desk.get("/api/tickets", params={"status": status}).json()["pagination"]["total"]
        for status in ("open", "pending", "resolved", "closed")
    }


def test_what_is_named_changes_and_the_rest_stays(desk: Desk) -> None:
    ticket_id = desk.new_ticket(tags=["late"], channel="chat")
    ticket = changed(desk, ticket_id, priority="urgent", subject=" Still no parcel ", assigned_to="Team B")
    assert (ticket["priority"], ticket["subject"]) == ("urgent", "Still no parcel")
    assert (ticket["assigned_to"], ticket["tags"], ticket["channel"]) == ("Team B", ["late"], "chat")
    assert changed(desk, ticket_id, assigned_to=None)["assigned_to"] is None
    found = read(desk, ticket_id)
    assert (found["priority"], found["assigned_to"]) == ("urgent", None)


def test_tags_are_replaced_then_added_then_removed(desk: Desk) -> None:
    ticket_id = desk.new_ticket(tags=["a", "b"])
    assert changed(desk, ticket_id, add_tags=["c", "a"], remove_tags=["b", "x"])["tags"] == ["a", "c"]
    assert changed(desk, ticket_id, tags=["z"], add_tags=["y"])["tags"] == ["y", "z"]
    assert changed(desk, ticket_id, tags=[])["tags"] == []
    many = [f"t{number}" for number in range(40)]
    changed(desk, ticket_id, tags=many)
    refused = desk.patch(f"/api/tickets/{ticket_id}", {"add_tags": [f"u{number}" for number in range(11)]})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["tags"])
    assert len(read(desk, ticket_id)["tags"]) == 40
    assert [ticket["id"] for ticket in desk.get("/api/tickets", params={"tag": "t7"}).json()["tickets"]] == [
        ticket_id
    ]


def test_the_times_and_the_counters_follow_the_status(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    resolved = changed(desk, ticket_id, status="resolved")
    assert resolved["resolved_at"]
    assert resolved["closed_at"] is None
    closed = changed(desk, ticket_id, status="closed")
    assert closed["resolved_at"] == resolved["resolved_at"]
    assert closed["closed_at"]
    assert totals(desk) == {"open": 0, "pending": 0, "resolved": 0, "closed": 1}
    reopened = changed(desk, ticket_id, status="in_progress")
    assert (reopened["status"], reopened["resolved_at"], reopened["closed_at"]) == ("open", None, None)
    assert totals(desk) == {"open": 1, "pending": 0, "resolved": 0, "closed": 0}


def test_a_change_that_changes_nothing_is_no_event_and_no_version(desk: Desk) -> None:
    ticket_id = desk.new_ticket(priority="high", tags=["a"])
    before = desk.get(f"/api/tickets/{ticket_id}").headers["ETag"]
    answer = desk.patch(f"/api/tickets/{ticket_id}", {"priority": "high", "add_tags": ["a"]})
    assert (answer.status_code, answer.headers["ETag"]) == (200, before)
    assert desk.patch(f"/api/tickets/{ticket_id}", {}).status_code == 200
    assert [event["type"] for event in history(desk, ticket_id)] == ["ticket.created", "message.added"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "gone"}, "status"),
        ({"status": None}, "status"),
        ({"priority": 3}, "priority"),
        ({"subject": "   "}, "subject"),
        ({"subject": "x" * 501}, "subject"),
        ({"tags": "vip"}, "tags"),
        ({"tags": None}, "tags"),
        ({"add_tags": [""]}, "add_tags.0"),
        ({"assigned_to": "x" * 201}, "assigned_to"),
        ({"version": 9}, "version"),
        ({"customer_id": "cust_9"}, "customer_id"),
        ({"created_at": "2026-01-31T10:00:00Z"}, "created_at"),
        ({"deleted_at": None}, "deleted_at"),
        ({"custom_fields": {"nope": 1}}, "custom_fields.nope"),
        ({"custom_fields": [1]}, "custom_fields"),
        ({"external_id": "\x00"}, "external_id"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_changes(
    desk: Desk, body: dict[str, Any], field: str
) -> None:
    ticket_id = desk.new_ticket()
    before = read(desk, ticket_id)
    answer = desk.patch(f"/api/tickets/{ticket_id}", {"priority": "low"} | body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["errors"]
    assert read(desk, ticket_id) == before


# ---------------------------------------------------------------- versions


def test_if_match_lets_only_the_version_through_that_was_read(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    path = f"/api/tickets/{ticket_id}"
    read_at = desk.get(path).headers["ETag"]
    first = desk.patch(path, {"priority": "high"}, headers={"If-Match": read_at})
    assert first.status_code == 200
    assert first.headers["ETag"] != read_at
    second = desk.patch(path, {"priority": "low"}, headers={"If-Match": read_at})
    assert second.status_code == 412
    assert "read it again" in second.json()["detail"]
    assert read(desk, ticket_id)["priority"] == "high"
    assert desk.call("DELETE", path, headers={"If-Match": read_at}).status_code == 412
    for match in ("*", f'"77", {first.headers["ETag"]}'):
        assert desk.patch(path, {"subject": match}, headers={"If-Match": match}).status_code == (
            200 if match == "*" else 412
        )


@pytest.mark.parametrize("match", ['W/"1"', '"none"', '"' + "9" * 400 + '"', "²", '"', ","])
def test_a_tag_that_is_no_version_of_ours_matches_nothing(desk: Desk, match: str) -> None:
    path = f"/api/tickets/{desk.new_ticket()}"
    headers = {"If-Match": match.encode().decode("latin-1")}
    assert desk.patch(path, {"priority": "low"}, headers=headers).status_code == 412


def test_of_200_parallel_changes_none_is_lost_and_none_that_was_refused_was_made(desk: Desk) -> None:
    ticket_id = desk.new_ticket()

    def change(number: int) -> tuple[str, str]:
        name = "subject" if number % 2 else "assigned_to"

        def attempted(attempt: int) -> requests.Response:
            return desk.patch(f"/api/tickets/{ticket_id}", {name: f"{number}, attempt {attempt}"})

        return name, f"{number}, attempt {until_taken(attempted)}"

    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(change, range(200)))
    answer = desk.get(f"/api/tickets/{ticket_id}")
    assert answer.headers["ETag"] == '"201"'
    told = [event for event in history(desk, ticket_id, limit=100) if event["type"] == "ticket.updated"]
    page = desk.get(f"/api/tickets/{ticket_id}/events", params={"order": "asc", "limit": 100}).json()
    while page["pagination"]["has_next"]:
        query = {"order": "asc", "limit": 100, "cursor": page["pagination"]["next_cursor"]}
        page = desk.get(f"/api/tickets/{ticket_id}/events", params=query).json()
        told += page["events"]
    for name in ("subject", "assigned_to"):
        chain = [event for event in told if name in event["after"]]
        assert {event["after"][name] for event in chain} == {value for told, value in made if told == name}
        assert len(chain) == 100
        for earlier, later in itertools.pairwise(chain):
            assert later["before"][name] == earlier["after"][name]
        assert answer.json()[name] == chain[-1]["after"][name]


def test_an_external_id_is_one_tickets_alone(desk: Desk) -> None:
    first, second = desk.new_ticket(external_id="zd-1"), desk.new_ticket()
    taken = desk.patch(f"/api/tickets/{second}", {"external_id": "zd-1"})
    assert (taken.status_code, "external_id" in taken.json()["detail"]) == (409, True)
    body = {"customer_id": "cust_1", "subject": "Again", "external_id": "zd-1"}
    assert desk.post("/api/tickets", body).status_code == 409
    assert changed(desk, first, external_id=None)["external_id"] is None
    assert changed(desk, second, external_id="zd-1")["external_id"] == "zd-1"


# ---------------------------------------------------------------- deleting


def test_a_deleted_ticket_is_gone_until_it_is_restored(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    path = f"/api/tickets/{ticket_id}"
    message_id = read(desk, ticket_id)["messages"][0]["id"]
    gone = desk.call("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert totals(desk)["open"] == 0
    for method, below, body in (
        ("GET", "", None),
        ("PATCH", "", {"priority": "low"}),
        ("DELETE", "", None),
        ("GET", "/events", None),
        ("GET", "/messages", None),
        ("POST", "/messages", {"content": "Hello"}),
        ("GET", "/notes", None),
        ("POST", "/notes", {"content": "Hello"}),
        ("POST", "/reset-conversation", None),
    ):
        answer = desk.call(method, path + below, **({"json": body} if body else {}))
        assert answer.status_code == 404, (method, below)
    assert desk.patch(f"/api/messages/{message_id}", {"content": "New"}).status_code == 404
    assert desk.get("/api/tickets").json()["tickets"] == []

    for _ in range(2):
        back = desk.post(f"{path}/restore")
        assert (back.status_code, back.json()["ticket"]["id"]) == (200, ticket_id)
    assert totals(desk)["open"] == 1
    told = [event["type"] for event in history(desk, ticket_id)]
    assert told == ["ticket.created", "message.added", "ticket.deleted", "ticket.restored"]


def test_nothing_can_be_done_to_a_ticket_that_is_not_there(desk: Desk) -> None:
    for method, path in (
        ("PATCH", "/api/tickets/ticket_none"),
        ("DELETE", "/api/tickets/ticket_none"),
        ("POST", "/api/tickets/ticket_none/restore"),
        ("GET", "/api/tickets/ticket_none/events"),
        ("DELETE", "/api/messages/message_none"),
    ):
        answer = desk.call(method, path, **({"json": {}} if method == "PATCH" else {}))
        assert answer.status_code == 404, (method, path)


# ---------------------------------------------------------------- history


def test_the_history_tells_who_what_before_and_after(desk: Desk) -> None:
    ticket_id = desk.new_ticket(subject="Where is it?", tags=["late"])
    changed(desk, ticket_id, subject="Found", status="pending", add_tags=["vip"])
    created, _message, updated = history(desk, ticket_id)
    assert created["type"] == "ticket.created"
    assert created["after"]["tags"] == ["late"]
    assert updated["actor"]
    assert updated["before"] == {"subject": "Where is it?", "status": "open", "tags": ["late"]}
    assert updated["after"] == {"subject": "Found", "status": "pending", "tags": ["late", "vip"]}
    assert next(event["type"] for event in history(desk, ticket_id, order="desc")) == "ticket.updated"
    page = desk.get(f"/api/tickets/{ticket_id}/events", params={"limit": 2}).json()
    assert (page["pagination"]["total"], page["pagination"]["has_next"]) == (3, True)
    bad = desk.get(f"/api/tickets/{ticket_id}/events", params={"cursor": "x"})
    assert (bad.status_code, list(bad.json()["errors"])) == (422, ["cursor"])
