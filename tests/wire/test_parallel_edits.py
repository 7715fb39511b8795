"""Many who change the same tickets at once, and none of it is lost; on SQLite and PostgreSQL."""

from collections import Counter
from functools import partial

import pytest
import requests

from service.tickets.services.tickets import MAX_TAGS
from tests.wire.cases import at_once, until_taken
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

EDITS = 200
EDITORS = 20
VERSIONS = 5


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


def change(desk: Desk, ticket_id: str, body: dict, if_match: str | None = None) -> int:
    headers = {} if if_match is None else {"If-Match": if_match}
    return desk.patch(f"/api/tickets/{ticket_id}", body, headers=headers).status_code


def add_tag(desk: Desk, number: int, ticket_id: str) -> str:
    """Each attempt adds another one, so that a refused one is seen if it was made."""

    def attempted(attempt: int) -> requests.Response:
        return desk.patch(f"/api/tickets/{ticket_id}", {"add_tags": [f"tag-{number}.{attempt}"]})

    return f"tag-{number}.{until_taken(attempted)}"


def test_of_200_tags_added_at_once_none_is_lost_and_none_that_was_refused_was_added(desk: Desk) -> None:
    tickets = [desk.new_ticket() for _ in range(EDITS // MAX_TAGS)]

    def add_every(start: int) -> list[tuple[str, str]]:
        numbers = range(start, EDITS, EDITORS)
        where = [tickets[number % len(tickets)] for number in numbers]
        return [
            (ticket_id, add_tag(desk, number, ticket_id))
            for number, ticket_id in zip(numbers, where, strict=True)
        ]

    added = at_once([partial(add_every, start) for start in range(EDITORS)])
    for ticket_id in tickets:
        answer = desk.get(f"/api/tickets/{ticket_id}")
        assert answer.json()["tags"] == sorted(
            tag for one in added for where, tag in one if where == ticket_id
        )
        assert answer.headers["ETag"] == f'"{1 + MAX_TAGS}"'


def test_tags_added_and_removed_at_once_end_as_they_were_told(desk: Desk) -> None:
    old, new = [f"old-{number}" for number in range(20)], [f"new-{number}" for number in range(20)]
    ticket_id = desk.new_ticket(tags=old)
    edits = [{"add_tags": [tag]} for tag in new] + [{"remove_tags": [tag]} for tag in old]
    assert set(at_once([partial(change, desk, ticket_id, edit) for edit in edits])) == {200}
    assert desk.get(f"/api/tickets/{ticket_id}").json()["tags"] == sorted(new)


def test_of_those_who_change_the_same_version_at_once_exactly_one_does(desk: Desk) -> None:
    ticket_id = desk.new_ticket()
    for version in range(1, VERSIONS + 1):
        edits = [{"subject": f"Version {version} by editor {number}"} for number in range(EDITORS)]
        answered = at_once([partial(change, desk, ticket_id, edit, f'"{version}"') for edit in edits])
        assert Counter(answered) == {200: 1, 412: EDITORS - 1}
        answer = desk.get(f"/api/tickets/{ticket_id}")
        assert answer.headers["ETag"] == f'"{version + 1}"'
        assert answer.json()["subject"] == edits[answered.index(200)]["subject"]


def test_of_messages_added_at_once_none_is_lost_and_the_count_is_theirs(desk: Desk) -> None:
    ticket_id = desk.new_ticket(initial_message=None)
    path = f"/api/tickets/{ticket_id}/messages"
    texts = [f"Message {number}" for number in range(EDITORS * 2)]
    statuses = at_once([lambda text=text: desk.post(path, {"content": text}).status_code for text in texts])
    assert set(statuses) == {201}
    ticket = desk.get(f"/api/tickets/{ticket_id}").json()
    assert sorted(message["content"] for message in ticket["messages"]) == sorted(texts)
    assert ticket["message_count"] == len(texts)
    assert ticket["last_message_preview"] == ticket["messages"][-1]["content"]
