"""A walk along all tickets by cursor, while others come in and all change; on SQLite and PostgreSQL."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from service.app import create_app
from service.database import Database
from service.settings import Settings
from service.tickets.models import PastRank, Ticket
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk

TICKETS = 300
TICKETS_IN_FULL = 10_000
WRITERS = 3


@pytest.fixture
def tickets(full: bool) -> int:
    return TICKETS_IN_FULL if full else TICKETS


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str, tickets: int, tmp_path: Path) -> Desk:
    """With as many tickets of all kinds. Each page asks for facts of its customers, which move tickets."""
    fill(migrated_url, tickets, tmp_path / "seed.log")
    return start_desk(DATABASE_URL=migrated_url, INTELLIGENCE_PROVIDERS="stub,fallback")


def fill(database_url: str, tickets: int, log_file: Path) -> None:
    environment = {
        "ENVIRONMENT": "development",
        "SECRET_KEY": "s" * 32,
        "LOG_LEVEL": "ERROR",
        "LOG_FILE": str(log_file),
        "DATABASE_URL": database_url,
    }
    options = ["--customers", "50", "--tickets", str(tickets), "--seed", "1"]
    done = create_app(Settings.parse(environment)).test_cli_runner().invoke(args=["seed", *options])
    assert done.exit_code == 0, done.output


@contextmanager
def others_come_in(desk: Desk, there: Sequence[str]) -> Iterator[list[str]]:
    """Their ids, while the block runs; there is one at least when it begins.

    Those that were there are now and then of another priority, written to, and answered.
    """
    come: list[str] = []
    begun, over = threading.Event(), threading.Event()

    def keep_creating(chance: random.Random) -> None:
        while not over.wait(0.002):
            come.append(desk.new_ticket("cust_who_writes", priority="normal"))
            path = f"/api/tickets/{chance.choice(there)}"
            desk.patch(path, {"priority": chance.choice(["urgent", "low"])})
            said = {"content": "This is wrong and bad!", "from_agent": chance.random() < 0.5}
            desk.post(f"/api/tickets/{chance.choice(there)}/messages", said)
            begun.set()

    writers = [
        threading.Thread(target=keep_creating, args=(random.Random(number),)) for number in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    try:
        assert begun.wait(10)
        yield come
    finally:
        over.set()
        for writer in writers:
            writer.join()


def walked(desk: Desk, **query: Any) -> Iterator[dict[str, Any]]:
    """The rows of all pages."""
    page: dict[str, Any] = desk.get("/api/tickets", params=query).json()
    yield from page["tickets"]
    while page["pagination"]["has_next"]:
        cursor = page["pagination"]["next_cursor"]
        page = desk.get("/api/tickets", params=query | {"cursor": cursor}).json()
        assert page["tickets"], "a next page was promised"
        yield from page["tickets"]


@pytest.mark.parametrize(
    "query",
    [
        {"smart_order": "true"},
        {"smart_order": "true", "topic_alerts": "refund,parcel"},
        {"sort": "created_at", "order": "desc"},
        {"sort": "created_at", "order": "asc"},
    ],
    ids=["by score", "by score with alerts", "newest first", "oldest first"],
)
def test_a_walk_misses_no_ticket_and_repeats_none_while_others_come_in_and_all_change(
    desk: Desk, query: dict[str, str], tickets: int, full: bool, say: Callable[[str], None]
) -> None:
    with desk.component(Database).reading() as session:
        there = set(session.scalars(select(Ticket.id)))
    assert len(there) >= tickets
    with others_come_in(desk, sorted(there)) as come:
        rows = []
        for row in walked(desk, **query, limit=100 if full else 17):
            rows.append(row)
            if len(rows) > len(there) + len(come):
                break  # it goes in circles
        come_meanwhile = len(come)
    seen = [row["id"] for row in rows]
    assert len(seen) == len(set(seen))
    assert there <= set(seen)
    assert set(seen) <= there | set(come)
    if "smart_order" in query:
        with desk.component(Database).reading() as session:
            assert session.scalar(select(func.count()).select_from(PastRank)), "nothing was moved"
        scores = [row["smart_score"] for row in rows]
        assert all(one >= next_one - 1e-6 for one, next_one in itertools.pairwise(scores))
    say(f"tickets walked {query}: {len(seen):,}, while {come_meanwhile:,} came in")
