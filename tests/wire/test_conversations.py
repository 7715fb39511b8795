"""Messages and notes over HTTP; on SQLite and PostgreSQL."""

from typing import Any

import pytest
from sqlalchemy import select

from service.database import Database
from service.tickets.models import Message, Ticket
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


def read(desk: Desk, ticket_id: str) -> dict[str, Any]:
    answer = desk.get(f"/api/tickets/{ticket_id}")
    assert answer.status_code == 200, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


def say(desk: Desk, ticket_id: str, content: str, **fields: Any) -> str:
    answer = desk.post(f"/api/tickets/{ticket_id}/messages", {"content": content} | fields)
    assert answer.status_code == 201, answer.text
    message_id: str = answer.json()["message"]["id"]
    return message_id


def waiting_since(desk: Desk, ticket_id: str) -> Any:
    with desk.component(Database).reading() as session:
        return session.scalar(select(Ticket.waiting_since).where(Ticket.id == ticket_id))


def contents(desk: Desk, ticket_id: str, **query: Any) -> list[str]:
    answer = desk.get(f"/api/tickets/{ticket_id}/messages", params=query)
    assert answer.status_code == 200, answer.text
    return [message["content"] for message in answer.json()["messages"]]


def test_messages_are_listed_oldest_first_and_walked_by_cursor(desk: Desk) -> None:
    ticket_id = desk.new_ticket(initial_message="0")
    for number in range(1, 7):
        say(desk, ticket_id, str(number), from_agent=bool(number % 2))
    assert contents(desk, ticket_id) == list("0123456")
    assert contents(desk, ticket_id, order="desc", limit=2) == ["6", "5"]
    walked, query = [], {"limit": 3}
    while True:
        page = desk.get(f"/api/tickets/{ticket_id}/messages", params=query).json()
        walked += [message["content"] for message in page["messages"]]
        assert page["pagination"]["total"] == 7
        if not page["pagination"]["has_next"]:
            break
        query = {"limit": 3, "cursor": page["pagination"]["next_cursor"]}
    assert walked == list("0123456")


def test_an_edit_keeps_what_was_first_written(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    message_id = say(desk, ticket_id, "It is on its way")
    for content in ("It left today", "It left yesterday"):
        answer = desk.patch(f"/api/messages/{message_id}", {"content": content})
        assert answer.status_code == 200, answer.text
    edited = answer.json()
    assert edited["message"]["content"] == "It left yesterday"
    assert edited["message"]["edited_at"]
    assert edited["ticket_updated"]["last_message_preview"] == "It left yesterday"
    with desk.component(Database).reading() as session:
        row = session.scalar(select(Message).where(Message.id == message_id))
    assert row is not None
    assert row.original_content == "It is on its way"


def test_editing_an_older_message_leaves_the_preview_alone(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    older = read(desk, ticket_id)["messages"][0]["id"]
    say(desk, ticket_id, "The last word")
    edited = desk.patch(f"/api/messages/{older}", {"content": "Other words"}).json()
    assert edited["ticket_updated"]["last_message_preview"] == "The last word"


@pytest.mark.parametrize(
    "body", [{}, {"content": ""}, {"content": "x", "from_agent": True}, {"content": None}]
)
def test_an_edit_has_a_content_and_nothing_else(desk: Desk, body: dict[str, Any]) -> None:
    message_id = say(desk, desk.new_ticket(), "Hello")
    assert desk.patch(f"/api/messages/{message_id}", body).status_code == 422


def test_a_deleted_message_is_kept_and_shown_to_nobody(desk: Desk) -> None:
    ticket_id = desk.new_ticket(initial_message="First")
    message_id = say(desk, ticket_id, "Answer")
    assert waiting_since(desk, ticket_id) is None
    assert desk.call("DELETE", f"/api/messages/{message_id}").status_code == 204
    assert desk.call("DELETE", f"/api/messages/{message_id}").status_code == 404
    ticket = read(desk, ticket_id)
    assert [message["content"] for message in ticket["messages"]] == ["First"]
    assert (ticket["message_count"], ticket["last_message_preview"]) == (1, "First")
    assert ticket["last_message_from_agent"] is False
    assert waiting_since(desk, ticket_id) is not None
    with desk.component(Database).reading() as session:
        assert session.scalar(select(Message.content).where(Message.id == message_id)) == "Answer"


def test_a_ticket_without_its_only_message_has_no_last_one(desk: Desk) -> None:
    ticket_id = desk.new_ticket(initial_message="Only")
    message_id = read(desk, ticket_id)["messages"][0]["id"]
    assert desk.call("DELETE", f"/api/messages/{message_id}").status_code == 204
    ticket = read(desk, ticket_id)
    assert (ticket["message_count"], ticket["messages"], ticket["last_message_at"]) == (0, [], None)
    assert waiting_since(desk, ticket_id) is None


def test_a_reset_keeps_the_first_message(desk: Desk) -> None:
    ticket_id = desk.new_ticket(initial_message="First")
    for number in range(4):
        say(desk, ticket_id, f"Message {number}")
    path = f"/api/tickets/{ticket_id}/reset-conversation"
    assert desk.post(path).json() == {"status": "reset", "messages_deleted": 4}
    assert desk.post(path).json() == {"status": "reset", "messages_deleted": 0}
    ticket = read(desk, ticket_id)
    assert [message["content"] for message in ticket["messages"]] == ["First"]
    assert ticket["message_count"] == 1
    assert waiting_since(desk, ticket_id) is not None


@pytest.mark.parametrize("change", ["add", "edit", "delete", "reset"])
def test_a_kept_draft_is_answered_until_the_conversation_changes(desk: Desk, change: str) -> None:
    ticket_id = desk.new_ticket()
    message_id = say(desk, ticket_id, "Hello")
    draft = f"/api/ai/tickets/{ticket_id}/draft-response"
    kept = desk.post(f"/api/ai/tickets/{ticket_id}/regenerate-draft").json()
    assert desk.get(draft).json()["draft_id"] == kept["draft_id"]
    match change:
        case "add":
            say(desk, ticket_id, "More")
        case "edit":
            desk.patch(f"/api/messages/{message_id}", {"content": "Hello there"})
        case "delete":
            desk.call("DELETE", f"/api/messages/{message_id}")
        case "reset":
            desk.post(f"/api/tickets/{ticket_id}/reset-conversation")
    assert desk.get(draft).json()["draft_id"] != kept["draft_id"]


def test_attachments_are_kept_as_they_were_told(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    invoice = {"name": "invoice.pdf", "url": "https://files.example.com/i.pdf?x=1", "size_bytes": 20480}
    say(desk, ticket_id, "See there", attachments=[invoice])
    first, second = read(desk, ticket_id)["messages"]
    assert first["attachments"] == []
    assert second["attachments"] == [invoice | {"content_type": None}]


@pytest.mark.parametrize(
    "attachment",
    [
        {"name": "a", "url": "javascript:alert(1)"},
        {"name": "a", "url": "file:///etc/passwd"},
        {"name": "a", "url": "ftp://example.com/a"},
        {"name": "a"},
        {"name": "a", "url": "https://example.com/a", "size_bytes": -1},
        {"name": "a", "url": "https://example.com/a", "content": "…"},
    ],
)
def test_an_attachment_is_a_web_address_and_nothing_else(desk: Desk, attachment: dict[str, Any]) -> None:
    body = {"content": "See there", "attachments": [attachment]}
    answer = desk.post(f"/api/tickets/{desk.new_ticket()}/messages", body)
    assert answer.status_code == 422
    assert all(field.startswith("attachments.0") for field in answer.json()["errors"])


def test_notes_are_told_to_agents_and_to_nobody_else(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    path = f"/api/tickets/{ticket_id}/notes"
    answer = desk.post(path, {"content": "Called the carrier", "author_name": "Kim", "author_id": "agent_7"})
    assert answer.status_code == 201, answer.text
    note = answer.json()["note"]
    assert set(note) == {"id", "ticket_id", "content", "author_name", "author_id", "created_at"}
    assert (note["author_name"], note["author_id"]) == ("Kim", "agent_7")
    assert desk.post(path, {"content": "Second"}).json()["note"]["author_id"]
    listed = desk.get(path).json()
    assert [found["content"] for found in listed["notes"]] == ["Called the carrier", "Second"]
    assert listed["pagination"]["total"] == 2
    ticket = read(desk, ticket_id)
    assert [found["content"] for found in ticket["notes"]] == ["Called the carrier", "Second"]
    assert "carrier" not in str(ticket["messages"])
    assert ticket["message_count"] == 1
    events = desk.get(f"/api/tickets/{ticket_id}/events").json()["events"]
    assert [event["type"] for event in events][:2] == ["note.added", "note.added"]
    assert desk.post(path, {"content": ""}).status_code == 422
