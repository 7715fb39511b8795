"""`Idempotency-Key`: who sends a POST again makes no second one; on SQLite and PostgreSQL."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import event, select

from providers.resilience.visits import Parked
from service.database import Database, DatabaseUnavailable
from service.events import NOTE_ADDED, TICKET_CREATED, EventLog
from service.http.models import IdempotencyKey
from service.http.problems import Problem
from service.testing.clock import MovableClock
from service.wiring import Substitutes
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk
from tests.wire.load import seconds_until

PATH = "/api/tickets"
NEW = {"customer_id": "cust_123", "subject": "Where is my parcel?", "initial_message": "It is late."}
HEADER, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
DAY_S = 24 * 60 * 60
PATIENCE_S = 10


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str, clock: MovableClock) -> Desk:
    return start_desk(Substitutes(clock=clock), DATABASE_URL=migrated_url)


def send(desk: Desk, key: str, body: Any = NEW, *, path: str = PATH, **headers: str) -> requests.Response:
    return desk.post(path, body, headers={HEADER: key} | headers)


def tickets(desk: Desk) -> int:
    total: int = desk.get(PATH).json()["pagination"]["total"]
    return total


def failing_once(desk: Desk, error: BaseException) -> None:
    """The next ticket is not created, at the last moment."""
    errors = [error]

    def fail(*_: object) -> None:
        if errors:
            raise errors.pop()

    desk.component(EventLog).subscribe(TICKET_CREATED, fail)


# ---------------------------------------------------------------- replays


def test_a_replay_gives_the_first_answer_and_creates_nothing(desk: Desk) -> None:
    first, second = send(desk, "key-1"), send(desk, "key-1")
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.content == first.content
    for name in ("Location", "ETag", "Content-Type"):
        assert second.headers[name] == first.headers[name]
    assert REPLAYED not in first.headers
    assert second.headers[REPLAYED] == "true"
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert tickets(desk) == 1


def test_a_replay_tells_the_first_answer_whatever_became_of_the_ticket(desk: Desk) -> None:
    first = send(desk, "key-1")
    desk.patch(f"{PATH}/{first.json()['id']}", {"status": "closed"})
    desk.call("DELETE", f"{PATH}/{first.json()['id']}")
    assert send(desk, "key-1").content == first.content


def test_every_post_that_creates_does_so_once(desk: Desk) -> None:
    ticket = f"{PATH}/{desk.new_ticket()}"
    field = {"key": "size", "label": "Size", "type": "text"}
    for path, body in (
        (f"{ticket}/messages", {"content": "A new one is on its way."}),
        (f"{ticket}/notes", {"content": "Called the carrier."}),
        ("/api/ticket-fields", field),
    ):
        first, second = send(desk, "key-1", body, path=path), send(desk, "key-1", body, path=path)
        assert first.status_code == 201, first.text
        assert (second.content, second.headers[REPLAYED]) == (first.content, "true"), path
    assert desk.get(ticket).json()["message_count"] == 2
    assert len(desk.get(f"{ticket}/notes").json()["notes"]) == 1


def test_without_the_header_each_post_creates_and_nothing_is_asked_or_kept(desk: Desk) -> None:
    statements: list[str] = []
    engine = desk.component(Database).engine
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    assert desk.post(PATH, NEW).json()["id"] != desk.post(PATH, NEW).json()["id"]
    assert statements
    assert not any("idempotency_keys" in statement for statement in statements)
    assert not any("SAVEPOINT" in statement for statement in statements)


def test_a_key_is_free_again_after_a_day(desk: Desk, clock: MovableClock) -> None:
    first = send(desk, "key-1")
    clock.advance(DAY_S - 60)
    assert send(desk, "key-1").content == first.content
    clock.advance(120)
    later = send(desk, "key-1", NEW | {"subject": "Something else"})
    assert (later.status_code, later.headers.get(REPLAYED)) == (201, None)
    assert later.json()["id"] != first.json()["id"]
    assert send(desk, "key-1", NEW | {"subject": "Something else"}).content == later.content


# ---------------------------------------------------------------- other requests with the same key


def test_another_request_with_the_same_key_is_refused_by_name(desk: Desk) -> None:
    send(desk, "key-1")
    one, other = desk.new_ticket(), desk.new_ticket()
    said = {"content": "Hello"}
    send(desk, "key-2", said, path=f"{PATH}/{one}/messages")
    for key, body, path in (
        ("key-1", NEW | {"subject": "Another"}, PATH),
        ("key-1", NEW, f"{PATH}?urgent=1"),
        ("key-2", said, f"{PATH}/{other}/messages"),
    ):
        refused = send(desk, key, body, path=path)
        assert refused.status_code == 422, (key, path)
        assert list(refused.json()["errors"]) == [HEADER]
        assert HEADER in refused.json()["detail"]
    assert tickets(desk) == 3
    assert desk.get(f"{PATH}/{other}").json()["message_count"] == 1


def test_one_key_at_two_routes_is_two_keys(desk: Desk) -> None:
    made = send(desk, "key-1")
    said = send(desk, "key-1", {"content": "Hello"}, path=f"{PATH}/{made.json()['id']}/messages")
    assert (said.status_code, said.headers.get(REPLAYED)) == (201, None)


def test_callers_with_the_same_key_do_not_see_each_other(start_desk: StartDesk, migrated_url: str) -> None:
    hashes = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("ada", "grace")}
    keys = ",".join(f"{name}:desk:{digest}" for name, digest in hashes.items())
    desk = start_desk(DATABASE_URL=migrated_url, BOOTSTRAP_API_KEYS=keys)
    answers = {name: send(desk, "key-1", **{"X-API-Key": name}) for name in hashes}
    assert [answer.status_code for answer in answers.values()] == [201, 201]
    assert answers["ada"].json()["id"] != answers["grace"].json()["id"]
    for name, answer in answers.items():
        assert send(desk, "key-1", **{"X-API-Key": name}).content == answer.content
    assert send(desk, "key-1", **{"X-API-Key": "nobody"}).status_code == 401


# ---------------------------------------------------------------- in flight


@contextmanager
def in_flight(desk: Desk, key: str) -> Iterator[Future[requests.Response]]:
    """A first request that is held in the middle of its transaction until the block ends."""
    begun, go = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        begun.set()
        assert go.wait(PATIENCE_S)

    desk.component(EventLog).subscribe(TICKET_CREATED, hold)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send, desk, key)
        try:
            assert begun.wait(PATIENCE_S)
            yield answer
        finally:
            go.set()


def test_a_request_in_flight_is_a_409_that_says_when_to_ask_again(desk: Desk) -> None:
    with in_flight(desk, "key-1") as first:
        meanwhile = send(desk, "key-1")
        assert meanwhile.status_code == 409
        assert int(meanwhile.headers["Retry-After"]) >= 1
        assert HEADER in meanwhile.json()["detail"]
        other = send(desk, "key-1", NEW | {"subject": "Another"})
        assert (other.status_code, list(other.json()["errors"])) == (422, [HEADER])
    assert first.result().status_code == 201
    assert send(desk, "key-1").content == first.result().content
    assert tickets(desk) == 1


def test_a_request_that_waits_for_a_lock_is_in_flight(start_desk: StartDesk, postgres_url: str) -> None:
    desk = start_desk(DATABASE_URL=postgres_url)
    with psycopg.connect(postgres_url) as other, psycopg.connect(postgres_url, autocommit=True) as watcher:

        def waits() -> bool:
            waiting = watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
            return waiting is not None and waiting[0] > 0

        other.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(send, desk, "key-1")
            seconds_until(waits, at_most_s=PATIENCE_S)
            assert send(desk, "key-1").status_code == 409
            other.rollback()
            assert first.result().status_code == 201
    assert send(desk, "key-1").content == first.result().content


def test_a_request_that_is_run_anew_does_not_meet_itself(desk: Desk) -> None:
    landed: Future[None] = Future()
    landed.set_result(None)
    failing_once(desk, Parked(landed, PATIENCE_S))
    answer = send(desk, "key-1")
    assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, None)
    assert tickets(desk) == 1


# ---------------------------------------------------------------- what is kept


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("broken"), 500),
        (DatabaseUnavailable("away"), 503),
        (Problem(429, "Too many requests; wait a little."), 429),
    ],
    ids=lambda value: str(value) if isinstance(value, int) else "",
)
def test_a_failure_of_ours_or_a_limit_is_not_kept_and_frees_the_key_at_once(
    desk: Desk, error: Exception, status: int
) -> None:
    failing_once(desk, error)
    assert send(desk, "key-1").status_code == status
    assert tickets(desk) == 0
    again = send(desk, "key-1")
    assert (again.status_code, again.headers.get(REPLAYED)) == (201, None)
    assert send(desk, "key-1").content == again.content
    assert tickets(desk) == 1


def test_a_refusal_by_the_desks_rules_is_kept(desk: Desk) -> None:
    ticket = f"{PATH}/{desk.new_ticket()}"
    desk.call("DELETE", ticket)
    said = {"content": "Hello"}
    refused = send(desk, "key-1", said, path=f"{ticket}/messages")
    desk.post(f"{ticket}/restore")
    replay = send(desk, "key-1", said, path=f"{ticket}/messages")
    assert (refused.status_code, refused.headers.get(REPLAYED)) == (404, None)
    assert (replay.status_code, replay.headers[REPLAYED]) == (404, "true")
    assert replay.content == refused.content
    assert replay.headers["Content-Type"] == "application/problem+json"
    assert send(desk, "key-2", said, path=f"{ticket}/messages").status_code == 201


def test_a_malformed_request_does_not_use_its_key_up(desk: Desk) -> None:
    assert send(desk, "key-1", {"subject": "No customer"}).status_code == 422
    assert send(desk, "key-1", "no object").status_code == 422
    assert (
        desk.post(PATH, data=b"{", headers={HEADER: "key-1", "Content-Type": "application/json"}).status_code
        == 400
    )
    assert send(desk, "key-1").status_code == 201


def test_an_answer_is_kept_with_whom_it_is_about(desk: Desk) -> None:
    send(desk, "ticket", NEW | {"customer_id": "cust_7"})
    ticket = f"{PATH}/{desk.new_ticket('cust_8')}"
    send(desk, "message", {"content": "Hello"}, path=f"{ticket}/messages")
    send(desk, "note", {"content": "Hello"}, path=f"{ticket}/notes")
    send(desk, "field", {"key": "size", "label": "Size", "type": "text"}, path="/api/ticket-fields")
    with desk.component(Database).reading() as session:
        found = session.execute(select(IdempotencyKey.key, IdempotencyKey.customer_id)).tuples().all()
    assert dict(found) == {"ticket": "cust_7", "message": "cust_8", "note": "cust_8", "field": None}


def test_an_undone_change_of_a_part_is_not_seen_in_the_whole(desk: Desk) -> None:
    """An error that comes late undoes the ticket, its customer and its counters, too."""
    ticket = desk.new_ticket("cust_1")

    def refuse(*_: object) -> None:
        raise RuntimeError("broken")

    desk.component(EventLog).subscribe(NOTE_ADDED, refuse)
    before = desk.get(f"{PATH}/{ticket}")
    assert send(desk, "key-1", {"content": "x"}, path=f"{PATH}/{ticket}/notes").status_code == 500
    after = desk.get(f"{PATH}/{ticket}")
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.json()["notes"] == before.json()["notes"] == []
