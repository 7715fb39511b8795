import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from service.customers.models import Customer
from service.database import Database
from service.events import StoredEvent
from service.tickets.models import Ticket, TicketCounter
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

OpenDatabase = Callable[[str], Database]


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    """On SQLite and on PostgreSQL."""
    return start_desk(DATABASE_URL=migrated_url)


def read(desk: Desk, ticket_id: str) -> dict[str, Any]:
    answer = desk.get(f"/api/tickets/{ticket_id}")
    assert answer.status_code == 200, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


def listed(desk: Desk, **query: Any) -> dict[str, Any]:
    answer = desk.get("/api/tickets", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def say(desk: Desk, ticket_id: str, content: str = "Hello", **fields: Any) -> dict[str, Any]:
    answer = desk.post(f"/api/tickets/{ticket_id}/messages", {"content": content} | fields)
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


def ids(page: dict[str, Any]) -> list[str]:
    return [ticket["id"] for ticket in page["tickets"]]


# ---------------------------------------------------------------- creating


def test_a_created_ticket_is_told_whole_and_found_where_location_says(desk: Desk) -> None:
    answer = desk.post(
        "/api/tickets",
        {
            "customer_id": "kunde@example.com",
            "subject": "  Wo ist mein Päckchen? 📦 ",
            "channel": "chat",
            "priority": "high",
            "tags": ["vip", "late", "vip"],
            "initial_message": "It is late.",
            "author_name": "Kim",
            "author_email": "kim@example.com",
        },
    )
    made = answer.json()
    assert answer.status_code == 201
    assert set(made) >= {"id", "status", "ticket", "messages", "notes"}
    assert made["status"] == "created"
    assert made["notes"] == []
    assert made["ticket"]["subject"] == "Wo ist mein Päckchen? 📦"
    assert made["ticket"]["tags"] == ["late", "vip"]
    assert (made["ticket"]["channel"], made["ticket"]["priority"]) == ("chat", "high")
    (message,) = made["messages"]
    assert message["author_name"] == "Kim"
    assert message["from_agent"] is False
    assert message["ticket_id"] == made["id"]
    assert answer.headers["Location"] == f"/api/tickets/{made['id']}"
    found = desk.get(answer.headers["Location"]).json()
    assert found["messages"] == made["messages"]
    assert {name: found[name] for name in made["ticket"]} == made["ticket"]


def test_what_a_new_ticket_leaves_out_is_an_open_normal_email_without_messages(desk: Desk) -> None:
    made = desk.post("/api/tickets", {"customer_id": "c", "subject": "s"}).json()
    ticket = made["ticket"]
    assert (ticket["status"], ticket["priority"], ticket["channel"]) == ("open", "normal", "email")
    assert made["messages"] == []
    assert (ticket["message_count"], ticket["last_message_at"], ticket["tags"]) == (0, None, [])


def test_times_are_rfc_3339_in_utc(desk: Desk) -> None:
    ticket = read(desk, desk.new_ticket())
    for name in ("created_at", "updated_at", "last_message_at"):
        assert ticket[name].endswith("Z")
        assert "T" in ticket[name]


def test_in_progress_from_a_client_means_open(desk: Desk) -> None:
    ticket_id = desk.new_ticket(status="in_progress")
    assert read(desk, ticket_id)["status"] == "open"
    assert listed(desk, status="open")["pagination"]["total"] == 1


def test_an_unknown_customer_is_created_with_the_ticket(
    desk: Desk, migrated_url: str, open_database: OpenDatabase
) -> None:
    assert desk.get("/api/ai/customers/new_one/intelligence").status_code == 404
    desk.new_ticket("new_one", author_name="Kim", author_email="kim@example.com")
    assert desk.get("/api/ai/customers/new_one/intelligence").status_code == 200
    with open_database(migrated_url).reading() as session:
        customer = session.get_one(Customer, "new_one")
    assert (customer.name, customer.email) == ("Kim", "kim@example.com")


def test_a_known_customers_details_never_change_by_a_ticket(
    desk: Desk, migrated_url: str, open_database: OpenDatabase
) -> None:
    desk.new_ticket("known", author_name="Kim", author_email="kim@example.com")
    desk.new_ticket("known", author_name="Mallory", author_email="mallory@example.com")
    desk.new_ticket("known")
    with open_database(migrated_url).reading() as session:
        customer = session.get_one(Customer, "known")
    assert (customer.name, customer.email) == ("Kim", "kim@example.com")


def test_forty_parallel_tickets_of_one_unknown_customer_make_one_customer(
    desk: Desk, migrated_url: str, open_database: OpenDatabase
) -> None:
    with ThreadPoolExecutor(40) as clients:
        made = list(clients.map(lambda _: desk.new_ticket("crowd"), range(40)))
    assert len(set(made)) == 40
    assert listed(desk)["pagination"]["total"] == 40
    with open_database(migrated_url).reading() as session:
        created = select(func.count()).where(StoredEvent.type == "customer.created")
        assert session.scalar(select(func.count()).select_from(Customer)) == 1
        assert session.scalar(created) == 1


def test_ids_that_we_make_cannot_be_guessed(desk: Desk) -> None:
    made = [desk.new_ticket() for _ in range(5)]
    assert len({ticket_id[:12] for ticket_id in made}) == 5
    assert all(len(ticket_id) >= 22 for ticket_id in made)


# ---------------------------------------------------------------- messages


def test_an_agents_first_message_is_the_first_response_and_stays_it(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    assert read(desk, ticket_id)["first_response_at"] is None
    say(desk, ticket_id, from_agent=False)
    assert read(desk, ticket_id)["first_response_at"] is None
    first = say(desk, ticket_id)["ticket_updated"]["first_response_at"]
    assert first is not None
    assert say(desk, ticket_id)["ticket_updated"]["first_response_at"] == first


def test_a_message_is_an_agents_unless_it_says_otherwise(desk: Desk) -> None:
    added = say(desk, desk.new_ticket(), "On it.", author_name="Sam")
    assert set(added["message"]) == {
        "id",
        "ticket_id",
        "from_agent",
        "content",
        "author_name",
        "author_email",
        "attachments",
        "created_at",
        "edited_at",
    }
    assert added["message"]["from_agent"] is True
    assert added["ticket_updated"]["last_message_from_agent"] is True


@pytest.mark.parametrize("status", ["pending", "resolved", "closed"])
def test_a_customers_message_reopens(desk: Desk, status: str) -> None:
    ticket_id = desk.new_ticket(status=status)
    updated = say(desk, ticket_id, from_agent=False)["ticket_updated"]
    assert (updated["status"], updated["closed_at"], updated["resolved_at"]) == ("open", None, None)
    assert listed(desk, status="open")["pagination"]["total"] == 1
    assert listed(desk, status=status)["pagination"]["total"] == 0


@pytest.mark.parametrize("status", ["open", "pending", "resolved", "closed"])
def test_an_agents_message_leaves_the_status(desk: Desk, status: str) -> None:
    ticket_id = desk.new_ticket(status=status)
    assert say(desk, ticket_id)["ticket_updated"]["status"] == status


def test_close_ticket_closes_it_with_the_message(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    updated = say(desk, ticket_id, close_ticket=True)["ticket_updated"]
    assert updated["status"] == "closed"
    assert updated["closed_at"] is not None
    assert listed(desk, status="closed")["pagination"]["total"] == 1


def test_send_to_customer_is_recorded_as_an_event_without_the_text(
    desk: Desk, migrated_url: str, open_database: OpenDatabase
) -> None:
    say(desk, desk.new_ticket(), "A very private text", send_to_customer=True)
    with open_database(migrated_url).reading() as session:
        events = session.scalars(select(StoredEvent).where(StoredEvent.type == "message.added")).all()
    assert [event.after["send_to_customer"] for event in events if event.after] == [False, True]
    assert not any("private" in str(event.after) for event in events)


def test_the_last_200_messages_are_shown_oldest_first(desk: Desk) -> None:
    ticket_id = desk.new_ticket(initial_message="0")
    for number in range(1, 200):
        say(desk, ticket_id, str(number), from_agent=number % 2 == 0)
    whole = read(desk, ticket_id)
    assert [message["content"] for message in whole["messages"]] == [str(number) for number in range(200)]
    assert whole["messages_truncated"] is False

    say(desk, ticket_id, "200 " + "word " * 100)
    truncated = read(desk, ticket_id)
    assert [message["content"].split()[0] for message in truncated["messages"]] == [
        str(number) for number in range(1, 201)
    ]
    assert truncated["messages_truncated"] is True
    assert truncated["message_count"] == 201
    assert len(truncated["last_message_preview"]) == 200
    assert truncated["last_message_at"] == truncated["messages"][-1]["created_at"]


def test_parallel_messages_are_all_counted(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    with ThreadPoolExecutor(20) as clients:
        list(clients.map(lambda number: say(desk, ticket_id, str(number)), range(20)))
    ticket = read(desk, ticket_id)
    assert ticket["message_count"] == len(ticket["messages"]) == 21


@pytest.mark.parametrize("path", ["", "/messages"])
def test_an_unknown_ticket_is_a_404_that_names_it(desk: Desk, path: str) -> None:
    address = f"/api/tickets/ticket_none{path}"
    answer = desk.post(address, {"content": "x"}) if path else desk.get(address)
    assert answer.status_code == 404
    assert "ticket_none" in answer.json()["detail"]


def test_the_kept_counters_equal_the_rows_after_parallel_changes(
    desk: Desk, migrated_url: str, open_database: OpenDatabase
) -> None:
    chance = random.Random(7)
    statuses = ["open", "pending", "resolved", "closed"]
    made = [desk.new_ticket(status=chance.choice(statuses)) for _ in range(12)]

    def change(number: int) -> None:
        say(desk, made[number % 12], from_agent=number % 3 == 0, close_ticket=number % 2 == 0)

    with ThreadPoolExecutor(12) as clients:
        list(clients.map(change, range(60)))
    with open_database(migrated_url).reading() as session:
        kept = select(TicketCounter.status, func.sum(TicketCounter.tickets)).group_by(TicketCounter.status)
        rows = select(Ticket.status, func.count()).group_by(Ticket.status)
        counted = {status.value: int(total) for status, total in session.execute(kept) if total}
        actual = {status.value: total for status, total in session.execute(rows)}
    assert counted == actual
    for status in statuses:
        assert listed(desk, status=status)["pagination"]["total"] == actual.get(status, 0)
    assert listed(desk)["pagination"]["total"] == 12


def test_a_draft_id_that_no_draft_can_have_is_refused(start_desk: StartDesk, migrated_url: str) -> None:
    desk = start_desk(DATABASE_URL=migrated_url)
    body = {"content": "Hello", "draft_id": "d" * 65}
    answer = desk.post(f"/api/tickets/{desk.new_ticket()}/messages", body)
    assert answer.status_code == 422
    assert "draft_id" in answer.json()["errors"]
