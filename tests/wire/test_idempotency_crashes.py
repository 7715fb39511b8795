"""A key is used once though its process dies, two processes share it, or the database goes away."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from random import Random

import pytest
import requests

from service.database import normalise_url
from service.events import TICKET_CREATED, EventLog
from service.testing.clock import MovableClock
from service.testing.desk import migrate
from service.wiring import Substitutes
from tests.real_server import PATIENCE_S, ROOT, RealServer
from tests.servers import Postgres
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk
from tests.wire.dying import NEW_TICKET

PATH = "/api/tickets"
AT_ONCE = 20
KEY = {"Idempotency-Key": "key-1"}


def tickets(desk: Desk) -> int:
    total: int = desk.get(PATH).json()["pagination"]["total"]
    return total


def killed(database_url: str, moment: str) -> None:
    """A desk of its own process, which is killed while it creates the ticket of the key."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.wire.dying", database_url, moment, KEY["Idempotency-Key"]],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr.decode()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str, clock: MovableClock) -> Desk:
    return start_desk(Substitutes(clock=clock), DATABASE_URL=migrated_url)


def test_a_process_killed_before_the_commit_frees_the_key_after_a_minute(
    desk: Desk, migrated_url: str, clock: MovableClock
) -> None:
    killed(migrated_url, "before")
    locked = desk.post(PATH, NEW_TICKET, headers=KEY)
    assert (locked.status_code, "Retry-After" in locked.headers) == (409, True)
    assert tickets(desk) == 0
    clock.advance(60)
    made = desk.post(PATH, NEW_TICKET, headers=KEY)
    assert (made.status_code, made.headers.get("Idempotency-Replayed")) == (201, None)
    assert desk.post(PATH, NEW_TICKET, headers=KEY).content == made.content
    assert tickets(desk) == 1


def test_a_process_killed_after_the_commit_leaves_its_answer(desk: Desk, migrated_url: str) -> None:
    killed(migrated_url, "after")
    assert tickets(desk) == 1
    replay = desk.post(PATH, NEW_TICKET, headers=KEY)
    assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (201, "true")
    assert desk.get(replay.headers["Location"]).json()["id"] == replay.json()["id"]
    assert tickets(desk) == 1


class ByTurns(Random):
    """So that two tickets are never counted in the same row, where one would wait for the other."""

    def __init__(self) -> None:
        super().__init__()
        self._turns = cycle((0.0, 0.5))

    def random(self) -> float:
        return next(self._turns)


def test_who_was_overtaken_after_a_minute_undoes_its_own(
    start_desk: StartDesk, postgres_url: str, clock: MovableClock
) -> None:
    """SQLite has one writer at a time: there nobody can overtake."""
    desk = start_desk(Substitutes(clock=clock, random=ByTurns()), DATABASE_URL=postgres_url)
    desk.new_ticket(NEW_TICKET["customer_id"])
    begun, go, first = threading.Event(), threading.Event(), threading.Lock()

    def hold(*_: object) -> None:
        if first.acquire(blocking=False):
            begun.set()
            assert go.wait(PATIENCE_S)

    desk.component(EventLog).subscribe(TICKET_CREATED, hold)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(desk.post, PATH, NEW_TICKET, headers=KEY)
        assert begun.wait(PATIENCE_S)
        clock.advance(60)
        fast = desk.post(PATH, NEW_TICKET, headers=KEY)
        go.set()
        assert (fast.status_code, slow.result().status_code) == (201, 409)
    assert desk.post(PATH, NEW_TICKET, headers=KEY).content == fast.content
    assert tickets(desk) == 2


@pytest.fixture
def two_processes(migrated_url: str) -> Iterator[RealServer]:
    server = RealServer(migrated_url, processes=2)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def test_twenty_at_once_with_one_key_create_one_ticket(two_processes: RealServer) -> None:
    starting = threading.Barrier(AT_ONCE)

    def create(_: int) -> requests.Response:
        with two_processes.session() as session:
            starting.wait()
            return session.post(two_processes.url + PATH, json=NEW_TICKET, headers=KEY, timeout=PATIENCE_S)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(create, range(AT_ONCE)))
    statuses = {answer.status_code for answer in answers}
    assert statuses <= {201, 409}, statuses
    made = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.content for answer in made}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in made) == 1
    assert two_processes.get(PATH).json()["pagination"]["total"] == 1


def test_a_lost_database_is_a_503_with_a_key_too_and_uses_none_up(
    start_desk: StartDesk, own_postgres: Postgres
) -> None:
    with own_postgres.new_database() as url:
        migrate(normalise_url(url))
        desk = start_desk(DATABASE_URL=url)
        desk.new_ticket()
        own_postgres.stop()
        answer = desk.post(PATH, NEW_TICKET, headers=KEY)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        own_postgres.start()
        for _ in range(2):  # the first may meet a connection that died meanwhile
            answer = desk.post(PATH, NEW_TICKET, headers=KEY)
        assert answer.status_code == 201
        assert tickets(desk) == 2
