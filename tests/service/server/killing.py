"""kill -9 of the real server while tickets are created, again and again; and what was lost by it."""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import requests
from sqlalchemy import ColumnElement, create_engine, exists, func, select
from sqlalchemy.orm import Session

from service.database import engine_options, normalise_url
from service.events import MESSAGE_ADDED, TICKET_CREATED, EventType, StoredEvent
from service.tickets.models import Message, Ticket, TicketCounter

ROOT = Path(__file__).resolve().parents[3]
CLIENTS = 4
PATIENCE_S = 10.0
EARLIEST_S, LATEST_S = 0.02, 0.3
"""When a round's kill comes, after the first client has begun."""


@dataclass
class Toll:
    """`lost`: ids that were acknowledged and are not there, with their message and events.

    `torn`: tickets, acknowledged or not, of which only a part is there. `miscounted`: by how many the kept
    counters are wrong. `cut_off`: requests that a kill left without an answer.
    """

    rounds: int = 0
    acknowledged: int = 0
    found: int = 0
    cut_off: int = 0
    miscounted: int = 0
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)

    def __add__(self, other: "Toll") -> "Toll":
        return Toll(**{name: value + getattr(other, name) for name, value in vars(self).items()})


class Victim:
    """`wsgi.py` as operators start it, in a process group of its own."""

    def __init__(self, database_url: str, *, processes: int) -> None:
        self.api_key = secrets.token_urlsafe(24)
        self._processes = processes
        self._environment = {
            "ENVIRONMENT": "test",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": database_url,
            "BOOTSTRAP_API_KEYS": f"kill:desk:{hashlib.sha256(self.api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": "fallback",
            "LOG_LEVEL": "ERROR",
            "LOG_FILE": "",
            "REDIS_URL": "",
        }
        self._process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "wsgi.py", "--port", "0", "--processes", str(self._processes)],
            cwd=ROOT,
            env=os.environ | self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip().removeprefix("Ready on ").removesuffix(". Try:")
        assert self.url, "the server did not start"

    def kill(self) -> None:
        """All of its processes at one moment."""
        if self._process is None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def kill_a_worker(self, random: Random) -> None:
        """One of several processes, which its parent replaces."""
        assert self._process is not None
        pid = self._process.pid
        workers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(int(random.choice(workers)), signal.SIGKILL)


@dataclass
class Clients:
    """Some threads that create one ticket after the other; `acknowledged`: id → content of the message."""

    victim: Victim
    acknowledged: dict[str, str] = field(default_factory=dict)
    cut_off: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _begun: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def creating(self) -> Iterator[None]:
        """The block begins when tickets are being created."""
        threads = [threading.Thread(target=self._create_until_stopped) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            assert self._begun.wait(PATIENCE_S), "no ticket was created"
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _create_until_stopped(self) -> None:
        with requests.Session() as session:
            session.headers["X-API-Key"] = self.victim.api_key
            while not self._stop.is_set():
                try:
                    self._create(session)
                except requests.RequestException:
                    self.cut_off += 1
                    self._stop.wait(0.01)

    def _create(self, session: requests.Session) -> None:
        content = f"It is late. {secrets.token_hex(8)}"
        new = {"customer_id": "cust_123", "subject": "Where is my parcel?", "initial_message": content}
        made = session.post(f"{self.victim.url}/api/tickets", json=new, timeout=PATIENCE_S)
        if made.status_code == 201:
            self.acknowledged[made.json()["id"]] = content
            self._begun.set()


def kill_again_and_again(database_url: str, *, processes: int, rounds: int, random: Random) -> Toll:
    """On a database with the newest schema. Of several processes, one and all are killed by turns."""
    victim, toll = Victim(database_url, processes=processes), Toll(rounds)
    acknowledged: dict[str, str] = {}
    victim.start()
    try:
        for number in range(rounds):
            clients = Clients(victim)
            one_of_several = processes > 1 and number % 2 == 0
            with clients.creating():
                time.sleep(random.uniform(EARLIEST_S, LATEST_S))
                if one_of_several:
                    victim.kill_a_worker(random)
                else:
                    victim.kill()
            if not one_of_several:
                victim.start()
            toll.lost += _not_served(victim, clients.acknowledged)
            toll.cut_off += clients.cut_off
            acknowledged |= clients.acknowledged
    finally:
        victim.kill()
    return toll + _told_by_the_database(database_url, acknowledged)


def _not_served(victim: Victim, acknowledged: Mapping[str, str]) -> list[str]:
    with requests.Session() as session:
        session.headers["X-API-Key"] = victim.api_key
        return [
            ticket_id
            for ticket_id, content in acknowledged.items()
            if content not in _read(session, f"{victim.url}/api/tickets/{ticket_id}")
        ]


def _read(session: requests.Session, url: str) -> str:
    """Once more where the process that kept the connection was killed."""
    try:
        return session.get(url, timeout=PATIENCE_S).text
    except requests.ConnectionError:
        return session.get(url, timeout=PATIENCE_S).text


def _told_by_the_database(database_url: str, acknowledged: Mapping[str, str]) -> Toll:
    url = normalise_url(database_url)
    engine = create_engine(url, **engine_options(url))
    whole = (
        exists().where(Message.ticket_id == Ticket.id) & _is_told(TICKET_CREATED) & _is_told(MESSAGE_ADDED)
    )
    with Session(engine) as session:
        found = dict(session.execute(select(Ticket.id, whole)).tuples().all())
        contents = dict(session.execute(select(Message.ticket_id, Message.content)).tuples().all())
        counted = session.scalar(select(func.sum(TicketCounter.tickets))) or 0
    engine.dispose()
    return Toll(
        acknowledged=len(acknowledged),
        found=len(found),
        miscounted=abs(counted - len(found)),
        lost=[who for who, content in acknowledged.items() if contents.get(who) != content],
        torn=[who for who, is_whole in found.items() if not is_whole],
    )


def _is_told(kind: EventType) -> ColumnElement[bool]:
    return exists().where(StoredEvent.ticket_id == Ticket.id, StoredEvent.type == kind.name)
