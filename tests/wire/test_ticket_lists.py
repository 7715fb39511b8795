import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.database import Database
from service.tickets.models import Ticket
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

OpenDatabase = Callable[[str], Database]


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    """On SQLite and on PostgreSQL. Nobody tells facts, which would change scores during a walk."""
    return start_desk(DATABASE_URL=migrated_url, INTELLIGENCE_PROVIDERS="fallback")


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


def test_the_list_is_newest_first_and_turns_round_on_demand(desk: Desk) -> None:
    made = [desk.new_ticket() for _ in range(5)]
    assert ids(listed(desk, sort="created_at")) == made[::-1]
    assert ids(listed(desk, smart_order="false")) == made[::-1]
    assert ids(listed(desk, sort="created_at", order="asc")) == made
    assert ids(listed(desk, smart_order="true", sort="created_at", order="asc")) == made


def test_a_list_by_the_last_change_has_what_changed_last_in_front(desk: Desk) -> None:
    made = [desk.new_ticket() for _ in range(4)]
    say(desk, made[1])
    desk.patch(f"/api/tickets/{made[0]}", {"priority": "high"})
    assert ids(listed(desk, sort="updated_at")) == [made[0], made[1], made[3], made[2]]
    assert ids(listed(desk, sort="updated_at", order="asc", limit=1)) == [made[2]]
    assert _walk(desk, sort="updated_at", limit=1, most=9) == [made[0], made[1], made[3], made[2]]


def test_each_filter_takes_only_what_matches(desk: Desk) -> None:
    wanted = desk.new_ticket("a", status="pending", priority="urgent", channel="sms", tags=["vip"])
    desk.new_ticket("b", tags=["vip2", "vi"])
    for query in (
        {"status": "pending"},
        {"priority": "urgent"},
        {"channel": "sms"},
        {"customer_id": "a"},
        {"tag": "vip"},
        {"status": "pending", "tag": "vip", "customer_id": "a"},
    ):
        page = listed(desk, **query)
        assert ids(page) == [wanted], query
        assert page["pagination"]["total"] == 1, query
        assert page["pagination"]["total_is_estimate"] is False, query
    assert ids(listed(desk, tag="vip", customer_id="b")) == []
    assert ids(listed(desk, assigned_to="nobody")) == []


def test_unknown_query_parameters_are_ignored(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    assert ids(listed(desk, colour="red", smart_order="true")) == [ticket_id]


def test_pages_tell_where_they_stand(desk: Desk) -> None:
    made = [desk.new_ticket() for _ in range(5)][::-1]
    asked = {"sort": "created_at", "limit": 2}
    first, second, third, beyond = (listed(desk, page=page, **asked) for page in (1, 2, 3, 4))
    assert [ids(page) for page in (first, second, third, beyond)] == [made[:2], made[2:4], made[4:], []]
    told = [first["pagination"], second["pagination"], third["pagination"]]
    assert [(page["has_prev"], page["has_next"]) for page in told] == [
        (False, True),
        (True, True),
        (True, False),
    ]
    assert {page["total_pages"] for page in told} == {3}
    assert {page["total"] for page in told} == {5}
    assert [page["page"] for page in told] == [1, 2, 3]
    assert third["pagination"]["next_cursor"] is None


def test_a_page_goes_on_by_its_cursor(desk: Desk) -> None:
    made = [desk.new_ticket() for _ in range(5)][::-1]
    cursor = listed(desk, sort="created_at", page=1, limit=2)["pagination"]["next_cursor"]
    assert ids(listed(desk, sort="created_at", limit=3, cursor=cursor)) == made[2:]


def test_without_a_page_a_list_has_100_rows(desk: Desk) -> None:
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda _: desk.new_ticket(), range(101)))
    page = listed(desk)
    assert len(page["tickets"]) == page["pagination"]["limit"] == 100
    assert page["pagination"]["has_next"] is True


def test_deep_pages_point_to_the_cursor(desk: Desk) -> None:
    assert listed(desk, page=100, limit=100)["tickets"] == []
    answer = desk.get("/api/tickets?page=101&limit=100")
    assert answer.status_code == 422
    assert "cursor" in answer.json()["errors"]["page"][0]


@pytest.mark.parametrize(
    "order", [{"sort": "created_at", "order": "desc"}, {"sort": "created_at", "order": "asc"}, {}]
)
def test_a_walk_by_cursor_misses_nothing_and_repeats_nothing_while_tickets_are_created(
    desk: Desk, order: dict[str, str]
) -> None:
    with ThreadPoolExecutor(8) as clients:
        before = set(clients.map(lambda _: desk.new_ticket(), range(300)))
    stop = threading.Event()

    def keep_creating() -> None:
        while not stop.wait(0.005):
            desk.new_ticket()

    creating = threading.Thread(target=keep_creating)
    creating.start()
    try:
        seen = _walk(desk, **order, limit=17, most=900)
    finally:
        stop.set()
        creating.join()
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def _walk(desk: Desk, *, most: int, **query: Any) -> list[str]:
    seen: list[str] = []
    cursor = None
    while len(seen) < most:
        page = listed(desk, **query, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
    return seen


@pytest.mark.parametrize("order", [{"sort": "created_at"}, {}])
def test_a_walk_by_cursor_passes_tickets_of_the_same_moment(
    desk: Desk, migrated_url: str, open_database: OpenDatabase, order: dict[str, str]
) -> None:
    template = read(desk, desk.new_ticket())
    with open_database(migrated_url).writing() as session:
        original = session.get_one(Ticket, template["id"])
        columns = {column.name: getattr(original, column.name) for column in Ticket.__table__.columns}
        session.add_all(Ticket(**columns | {"id": f"twin_{number:02}"}) for number in range(20))
    seen = _walk(desk, **order, limit=3, most=100)
    assert sorted(seen) == sorted([template["id"], *(f"twin_{number:02}" for number in range(20))])


def test_a_total_beyond_a_thousand_is_an_estimate_only_where_it_is_not_kept(
    desk: Desk, migrated_url: str, open_database: OpenDatabase
) -> None:
    template = read(desk, desk.new_ticket())
    with open_database(migrated_url).writing() as session:
        original = session.get_one(Ticket, template["id"])
        columns = {column.name: getattr(original, column.name) for column in Ticket.__table__.columns}
        session.add_all(Ticket(**columns | {"id": f"copy_{number}"}) for number in range(999))
    exact = listed(desk, channel="email", limit=1)["pagination"]
    assert (exact["total"], exact["total_is_estimate"]) == (1000, False)
    desk.new_ticket()
    estimate = listed(desk, channel="email", limit=1)["pagination"]
    assert (estimate["total"], estimate["total_is_estimate"]) == (1000, True)
    kept = listed(desk, status="open", limit=1)["pagination"]
    assert (kept["total"], kept["total_is_estimate"]) == (2, False)
