"""Clients that are cut off at any moment, a server that is, and a full house: no event missed, none twice."""

import random
import shutil
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path

import pytest
import requests

from service.database import Database, normalise_url
from service.feed.relay import Relay
from service.feed.services import Followers
from tests.real_server import PATIENCE_S, RealServer
from tests.wire.company import new_key
from tests.wire.desk import Desk, running_desk
from tests.wire.staff import hire, new_team
from tests.wire.streaming import EventStream

WATCHERS = 5
DISCONNECTS, DISCONNECTS_IN_FULL = 50, 1_000
MOST_READ = 12


class Watcher:
    """Comes back as often as it is cut off, with the id of the last event that it has read whole."""

    def __init__(self, url: str, headers: dict[str, str], *, seed: int) -> None:
        self.url = url
        self.came: list[int] = []
        self._chance = random.Random(seed)
        self._session = requests.Session()
        self._session.headers.update(headers)
        self._last: int | None = 0

    def watch(self, *, until: int | None = None, then: Callable[[], None] | None = None) -> None:
        """A few events, or none; with `until` as long as it takes to get there.

        With `then`, that is done there, and all that comes afterwards is watched, too.
        """
        stream = self.opened()
        most = self._chance.randrange(MOST_READ)
        try:
            for name, told in stream.events():
                if name == "message":
                    self.came.append(told["position"])
                    most -= 1
                there = most <= 0 if until is None else told["position"] >= until
                if there and then is None:
                    break
                if there and then is not None:
                    then()
        finally:
            self._last = stream.last_event_id
            self._cut(stream)

    def opened(self, *, after: int | None = None) -> EventStream:
        answer = self._session.post(f"{self.url}/api/events/tickets", timeout=PATIENCE_S)
        last = self._last if after is None else after
        stream = EventStream(self.url, answer.json()["ticket"], last_event_id=last)
        assert stream.status == 200
        return stream

    def listed(self) -> list[int]:
        """What pages tell the same caller, from the first event on."""
        positions: list[int] = []
        after, more = 0, True
        while more:
            query = {"after": after, "limit": 500}
            page = self._session.get(f"{self.url}/api/events", params=query, timeout=PATIENCE_S).json()
            positions += [event["position"] for event in page["events"]]
            after, more = page["last"], page["has_more"]
        return positions

    def close(self) -> None:
        self._session.close()

    def _cut(self, stream: EventStream) -> None:
        if self._chance.random() < 0.5:  # as a lost connection does, and not with a farewell
            stream._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        stream.close()


def key_of(desk: Desk) -> dict[str, str]:
    return {"X-API-Key": new_key(desk, "events")}


@contextmanager
def in_background(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """`work` goes on until what it is given is set."""
    enough = threading.Event()
    thread = threading.Thread(target=work, args=(enough,))
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join(PATIENCE_S)


@pytest.fixture
def desk(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Desk]:
    environment = {
        "DATABASE_URL": f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}",
        "LOG_FILE": str(tmp_path / "app.log"),
        "RATE_LIMIT_PER_MINUTE": "0",
    }
    with running_desk(environment) as desk:
        yield desk


def test_random_disconnects_lose_nothing_and_repeat_nothing(
    desk: Desk, full: bool, say: Callable[[str], None]
) -> None:
    ours, theirs = new_team(desk), new_team(desk)
    tickets = [desk.new_ticket("cust_cut", team_id=team_id) for team_id in (ours, theirs)]
    kim = hire(desk, "agent", ours).headers
    watchers = [Watcher(desk.url, kim if seed % 2 else {}, seed=seed) for seed in range(WATCHERS)]
    each = (DISCONNECTS_IN_FULL if full else DISCONNECTS) // WATCHERS

    def change(enough: threading.Event) -> None:
        chance, session = random.Random(1), requests.Session()
        while not enough.is_set():
            for _ in range(chance.randrange(1, 6)):
                body = {"priority": chance.choice(("low", "normal", "high", "urgent"))}
                session.patch(
                    f"{desk.url}/api/tickets/{chance.choice(tickets)}", json=body, timeout=PATIENCE_S
                )
            desk.component(Followers).catch_up()
        session.close()

    def watch(watcher: Watcher) -> None:
        for _ in range(each):
            watcher.watch()

    with in_background(change):
        threads = [threading.Thread(target=watch, args=(watcher,)) for watcher in watchers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    desk.component(Followers).catch_up()
    last: int = desk.get("/api/events").json()["last"]
    for watcher in watchers:
        expected = watcher.listed()
        if watcher.came != expected:
            watcher.watch(until=expected[-1])
        assert watcher.came == expected
        watcher.close()
    assert watchers[0].came == list(range(1, last + 1))
    assert 0 < len(watchers[1].came) < last
    if full:
        say(f"disconnects of streams: {each * WATCHERS:,}, over {last:,} events: none missed, none twice")


def test_a_full_house_of_streams_leaves_the_desk_quick(
    desk: Desk, full: bool, say: Callable[[str], None]
) -> None:
    """Every stream is told of every change, while others read tickets on the desk's own threads."""
    streams, requests_each = (200, 1_000) if full else (20, 60)
    ticket_id = desk.new_ticket("cust_house")
    desk.component(Followers).catch_up()
    priorities = ("low", "normal", "high", "urgent")

    def took_ms(changes: int) -> list[float]:
        took = []
        with requests.Session() as session:
            for number in range(requests_each):
                began = time.perf_counter()
                answer = session.get(f"{desk.url}/api/tickets/{ticket_id}", timeout=PATIENCE_S)
                took.append((time.perf_counter() - began) * 1_000)
                assert answer.status_code == 200
                if number % (requests_each // changes) == 0:
                    session.patch(f"{desk.url}/api/tickets/{ticket_id}", json={"priority": next(turn)})
                    desk.component(Followers).catch_up()
        return sorted(took)

    watchers = [Watcher(desk.url, key_of(desk), seed=number) for number in range(1 + streams // 50)]
    turn = cycle(priorities)
    before, last = took_ms(20), desk.get("/api/events").json()["last"]
    opened = [watchers[number // 50].opened(after=last) for number in range(streams)]
    during, now = took_ms(20), desk.get("/api/events").json()["last"]
    for stream in opened:
        came = islice(stream.messages(), now - last)
        assert [event["position"] for event in came] == list(range(last + 1, now + 1))
        stream.close()
    for watcher in watchers:
        watcher.close()
    assert during[len(during) * 99 // 100] < 1_000
    if full:
        for about, took in (("without streams", before), (f"with {streams} streams", during)):
            p50, p99 = took[len(took) // 2], took[len(took) * 99 // 100]
            say(f"reading a ticket {about}: {p50:.1f} ms at the median, {p99:.1f} at the 99th percentile")


def test_after_a_killed_server_a_stream_goes_on_where_it_was(
    sqlite_url: str, open_database: Callable[[str], Database]
) -> None:
    server = RealServer(sqlite_url, processes=1, RATE_LIMIT_PER_MINUTE="0")
    server.start()
    watcher = Watcher(server.url, {"X-API-Key": server.api_key}, seed=3)
    acknowledged: list[str] = []

    def create(enough: threading.Event) -> None:
        new = {"customer_id": "cust_kill", "subject": "Where is my parcel?"}
        with server.session() as session:
            while not enough.is_set():
                try:
                    made = session.post(f"{server.url}/api/tickets", json=new, timeout=PATIENCE_S)
                except requests.ConnectionError:
                    return  # it is dead
                acknowledged.append(made.json()["id"])

    try:
        with in_background(create), suppress(ConnectionError):
            watcher.watch(until=20, then=server.kill)
        server.start()
        watcher.url = server.url
        acknowledged.append(server.new_ticket("cust_afterwards"))
        # A relay that was killed in its work leaves a lease, which others wait for: not for the test's time.
        Relay(open_database(normalise_url(sqlite_url))).number()
        watcher.watch(until=server.get("/api/events").json()["last"])
        told = server.get("/api/events?after=0&limit=500&types=ticket.created").json()["events"]
    finally:
        server.kill()
        watcher.close()
    assert watcher.came == list(range(1, len(watcher.came) + 1))
    assert set(acknowledged) <= {event["ticket_id"] for event in told}
    assert told[-1]["position"] in watcher.came
