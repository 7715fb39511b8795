import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from service.database import normalise_url
from tests.conftest import migrate
from tests.servers import Postgres
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk
from tests.wire.load import seconds_until

ANSWERED_WITHIN_S = 5.0
RECOVERED_WITHIN_S = 5.0
NEW_TICKET = {"customer_id": "cust_123", "subject": "Where is it?"}
HOLDS_THE_LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


def ready(desk: Desk) -> bool:
    return desk.get("/readyz").status_code == 200


def assert_refused(desk: Desk, method: str, path: str, **options: object) -> None:
    began_s = time.monotonic()
    answer = desk.call(method, path, **options)
    assert answer.status_code == 503, answer.text
    assert time.monotonic() - began_s < ANSWERED_WITHIN_S
    assert "database" in answer.json()["detail"].lower()
    assert int(answer.headers["Retry-After"]) >= 1
    assert not any(
        word in answer.text for word in ("psycopg", "sqlite", "SELECT", "INSERT", "Traceback", "postgres")
    )


@pytest.fixture
def desk_on_mortal_postgres(start_desk: StartDesk, own_postgres: Postgres) -> Iterator[Desk]:
    with own_postgres.new_database() as url:
        migrate(normalise_url(url))
        yield start_desk(DATABASE_URL=url)
        if own_postgres.process is None:
            own_postgres.start()


def test_a_lost_postgresql_is_a_clear_503_and_its_return_needs_no_restart(
    desk_on_mortal_postgres: Desk, own_postgres: Postgres
) -> None:
    desk = desk_on_mortal_postgres
    kept = desk.new_ticket()
    assert ready(desk)

    own_postgres.stop()
    assert_refused(desk, "GET", "/readyz")
    assert_refused(desk, "GET", "/api/tickets")
    assert_refused(desk, "GET", f"/api/tickets/{kept}")
    assert_refused(desk, "POST", "/api/tickets", json=NEW_TICKET)
    assert_refused(desk, "POST", f"/api/tickets/{kept}/messages", json={"content": "x"})
    assert_refused(desk, "GET", f"/api/ai/tickets/{kept}/draft-response")
    assert_refused(desk, "GET", f"/api/ai/tickets/{kept}/recommendation")
    assert_refused(desk, "GET", "/api/ai/customers/cust_456/intelligence")
    assert desk.get("/livez").status_code == 200

    own_postgres.start()
    seconds_until(lambda: ready(desk), at_most_s=RECOVERED_WITHIN_S)
    assert desk.get(f"/api/tickets/{kept}").json()["message_count"] == 1
    assert desk.get("/api/tickets").json()["pagination"]["total"] == 1
    assert desk.new_ticket() != kept
    assert desk.get("/health").json()["services"]["database"] == "connected"


def test_unhealthy_tells_which_service_is_away(desk_on_mortal_postgres: Desk, own_postgres: Postgres) -> None:
    own_postgres.stop()
    answer = requests.get(f"{desk_on_mortal_postgres.url}/health", timeout=ANSWERED_WITHIN_S)
    assert answer.status_code == 503
    assert answer.json()["status"] == "unhealthy"
    assert answer.json()["services"]["database"] == "unavailable"


def test_a_desk_starts_without_its_database_and_finds_it_later(
    start_desk: StartDesk, own_postgres: Postgres
) -> None:
    with own_postgres.new_database() as url:
        migrate(normalise_url(url))
        own_postgres.stop()
        desk = start_desk(DATABASE_URL=url)
        assert desk.get("/livez").status_code == 200
        assert_refused(desk, "GET", "/readyz")
        own_postgres.start()
        seconds_until(lambda: ready(desk), at_most_s=RECOVERED_WITHIN_S)
        assert desk.new_ticket()


def test_a_database_without_migrations_is_not_ready_and_says_what_to_do(
    start_desk: StartDesk, tmp_path: Path
) -> None:
    desk = start_desk(DATABASE_URL=f"sqlite:///{tmp_path / 'empty.db'}")
    answer = desk.get("/readyz")
    assert answer.status_code == 503
    assert "db upgrade" in answer.json()["detail"]


@contextmanager
def locked_by_another_process(database: Path) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        yield
    finally:
        process.communicate(timeout=10)


def test_a_locked_sqlite_refuses_changes_clearly_and_goes_on_reading(
    start_desk: StartDesk, migrated_sqlite: Path, tmp_path: Path
) -> None:
    database = Path(shutil.copy(migrated_sqlite, tmp_path / "locked.db"))
    desk = start_desk(DATABASE_URL=f"sqlite:///{database}")
    kept = desk.new_ticket()
    with locked_by_another_process(database):
        assert_refused(desk, "POST", "/api/tickets", json=NEW_TICKET)
        assert desk.get(f"/api/tickets/{kept}").status_code == 200
        assert desk.get("/api/tickets").json()["pagination"]["total"] == 1
        assert ready(desk)
        assert desk.get("/api/ai/customers/cust_123/intelligence").status_code == 200
    assert desk.new_ticket() != kept
    assert desk.get("/api/tickets").json()["pagination"]["total"] == 2


def test_a_desk_whose_threads_all_wait_for_a_lock_says_that_it_lives(
    start_desk: StartDesk, migrated_sqlite: Path, tmp_path: Path
) -> None:
    database = Path(shutil.copy(migrated_sqlite, tmp_path / "locked.db"))
    desk = start_desk(DATABASE_URL=f"sqlite:///{database}", THREADS="1")
    with ThreadPoolExecutor(1) as pool:
        with locked_by_another_process(database):
            waiting = pool.submit(desk.post, "/api/tickets", NEW_TICKET)
            for _ in range(20):
                assert desk.get("/livez").status_code == 200
                time.sleep(0.01)
            assert not waiting.done()
        assert waiting.result().status_code == 201


def test_a_file_that_is_no_database_is_a_503(start_desk: StartDesk, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"This is no database." * 500)
    desk = start_desk(DATABASE_URL=f"sqlite:///{tmp_path / 'broken.db'}")
    assert_refused(desk, "GET", "/readyz")
    assert_refused(desk, "GET", "/api/tickets")
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "broken.db").execute("PRAGMA schema_version")
