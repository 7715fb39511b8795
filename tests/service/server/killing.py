"""kill -9 of the real server while tickets are created, again and again; and what was lost by it."""

import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import requests
from sqlalchemy import ColumnElement, create_engine, exists, func, select
from sqlalchemy.orm import Session

from service.database import engine_options, normalise_url
from service.events import MESSAGE_ADDED, TICKET_CREATED, TICKET_UPDATED, EventType, StoredEvent
from service.tickets.models import Message, Ticket, TicketCounter
from tests.real_server import PATIENCE_S, RealServer
from tests.service.outbox.sending import Couriers

CLIENTS = 4
EARLIEST_S, LATEST_S = 0.02, 0.3
"""When a round's kill comes, after the first client has begun."""


@dataclass
class Toll:
    """`lost`: ids that were acknowledged and are not there, with their message and events.

    `torn`: tickets, acknowledged or not, of which only a part is there. `untold`: changes that were
    acknowledged and have no event. `miscounted`: by how many the kept counters are wrong. `cut_off`: requests
    that a kill left without an answer.
    """

    rounds: int = 0
    acknowledged: int = 0
    changed: int = 0
    found: int = 0
    cut_off: int = 0
    miscounted: int = 0
    lost: list[str] = field(default_factory=list)
    torn: list[str] = field(default_factory=list)
    untold: list[str] = field(default_factory=list)

    def __add__(self, other: "Toll") -> "Toll":
        return Toll(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass
class Clients:
    """Some threads that create one ticket after the other; `acknowledged`: id → content of the message."""

    victim: RealServer
    acknowledged: dict[str, str] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
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
        with self.victim.session() as session:
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
            ticket_id = made.json()["id"]
            self.acknowledged[ticket_id] = content
            self._begun.set()
            ticket = f"{self.victim.url}/api/tickets/{ticket_id}"
            changed = session.patch(ticket, json={"priority": "high"}, timeout=PATIENCE_S)
            if changed.status_code == 200:
                self.changed.add(ticket_id)


def kill_again_and_again(
    database_url: str, *, processes: int, rounds: int, random: Random, couriers: Couriers | None = None
) -> Toll:
    """On a database with the newest schema. Of several processes, one and all are killed by turns.

    So is one of the couriers, who are at work meanwhile and when this ends.
    """
    victim, toll = RealServer(database_url, processes=processes), Toll(rounds)
    acknowledged: dict[str, str] = {}
    changed: set[str] = set()
    victim.start()
    try:
        for number in range(rounds):
            clients = Clients(victim)
            one_of_several = processes > 1 and number % 2 == 0
            with clients.creating():
                time.sleep(random.uniform(EARLIEST_S, LATEST_S))
                if couriers:
                    couriers.kill_one(random.choice)
                if one_of_several:
                    victim.kill_a_worker(random.choice)
                else:
                    victim.kill()
            if not one_of_several:
                victim.start()
            toll.lost += _not_served(victim, clients.acknowledged)
            toll.cut_off += clients.cut_off
            changed |= clients.changed
            acknowledged |= clients.acknowledged
    finally:
        victim.kill()
    return toll + _told_by_the_database(database_url, acknowledged, changed)


def _not_served(victim: RealServer, acknowledged: Mapping[str, str]) -> list[str]:
    with victim.session() as session:
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


def _told_by_the_database(database_url: str, acknowledged: Mapping[str, str], changed: set[str]) -> Toll:
    url = normalise_url(database_url)
    engine = create_engine(url, **engine_options(url))
    whole = (
        exists().where(Message.ticket_id == Ticket.id) & _is_told(TICKET_CREATED) & _is_told(MESSAGE_ADDED)
    )
    with Session(engine) as session:
        found = dict(session.execute(select(Ticket.id, whole)).tuples().all())
        contents = dict(session.execute(select(Message.ticket_id, Message.content)).tuples().all())
        told = set(
            session.scalars(select(StoredEvent.ticket_id).where(StoredEvent.type == TICKET_UPDATED.name))
        )
        counted = session.scalar(select(func.sum(TicketCounter.tickets))) or 0
    engine.dispose()
    return Toll(
        acknowledged=len(acknowledged),
        found=len(found),
        miscounted=abs(counted - len(found)),
        lost=[who for who, content in acknowledged.items() if contents.get(who) != content],
        torn=[who for who, is_whole in found.items() if not is_whole],
        changed=len(changed),
        untold=sorted(changed - told),
    )


def _is_told(kind: EventType) -> ColumnElement[bool]:
    return exists().where(StoredEvent.ticket_id == Ticket.id, StoredEvent.type == kind.name)
