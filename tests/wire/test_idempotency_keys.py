"""What is an `Idempotency-Key`, and what is none, byte by byte; on SQLite and PostgreSQL."""

import json
from typing import Any

import pytest

from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk
from tests.wire.raw import ask, request

PATH = "/api/tickets"
NEW = {"customer_id": "cust_123", "subject": "Where is my parcel?", "initial_message": "It is late."}
HEADER = "Idempotency-Key"


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    return start_desk(DATABASE_URL=migrated_url)


def tickets(desk: Desk) -> int:
    total: int = desk.get(PATH).json()["pagination"]["total"]
    return total


def reply_to(desk: Desk, *headers: str) -> tuple[int, dict[str, Any]]:
    body = json.dumps(NEW).encode()
    reply = ask(desk, request("POST", PATH, body, headers=("Content-Type: application/json", *headers)))
    return reply.status, reply.problem if reply.status >= 400 else {}


@pytest.mark.parametrize(
    "key",
    ["", " ", "\t", "k" * 256, "k" * 5_000, "schlüssel", "\xa0", "a\tb", "a\x01b", "a\x7fb", "\xff\xfe"],
)
def test_a_key_that_is_none_is_refused_by_name(desk: Desk, key: str) -> None:
    status, problem = reply_to(desk, f"{HEADER}: {key}")
    assert status in {400, 422}
    assert status == 400 or list(problem["errors"]) == [HEADER]
    assert tickets(desk) == 0


@pytest.mark.parametrize(
    "key", ["k", "k" * 255, "a b", "'; DROP TABLE tickets; --", "%00", "../..", '"quoted"', "~"]
)
def test_any_other_key_is_a_key(desk: Desk, key: str) -> None:
    assert reply_to(desk, f"{HEADER}: {key}")[0] == 201
    assert reply_to(desk, f"{HEADER}: {key}")[0] == 201
    assert tickets(desk) == 1


def test_a_wrong_key_where_nothing_is_created_does_not_matter(desk: Desk) -> None:
    ticket = desk.new_ticket()
    assert desk.get(f"{PATH}/{ticket}", headers={HEADER: "k" * 256}).status_code == 200
    assert desk.post(f"{PATH}/{ticket}/restore", headers={HEADER: "k" * 256}).status_code == 200
