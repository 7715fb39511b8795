"""Processes that number, follow and deliver, to be killed, and what they leave undone.

`python -m tests.service.outbox.couriers URL FILE` keeps some at work. One delivery is one line of the file:
position and id of the event, its ticket. What was written stays, whoever dies.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from service.clock import SystemClock
from service.database import Database, engine_options
from service.events import EventLog
from service.feed.following import FedEvent
from service.feed.relay import Relay
from service.feed.services import Feed, Followers
from service.jobs import JobRunner
from service.outbox.backoff import Backoff
from service.outbox.channels import Delivery, DeliveryFailed
from service.outbox.dispatching import Dispatcher
from service.outbox.leasing import Leasing
from service.outbox.services import Outbox

CHANNEL = "file"
AT_WORK = 2
FAILURES = 0.05
LEASE = timedelta(seconds=2.5)
POLL = timedelta(seconds=0.1)
BACKOFF = Backoff(first=timedelta(seconds=0.1), longest=timedelta(seconds=0.2))


class ToTheFile:
    """Now and then it fails, before or after it has written."""

    name = CHANNEL

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def deliver(self, delivery: Delivery) -> None:
        event = delivery.event
        chance = random.random()
        if chance < FAILURES:
            raise DeliveryFailed("by chance")
        os.write(self._file, f"{event.position} {event.id} {event.ticket_id}\n".encode())
        if chance > 1 - FAILURES:
            raise DeliveryFailed("by chance")


class Everything:
    """Sends every event."""

    name = "couriers"
    types = None

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        for event in events:
            self._outbox.add(session, event, CHANNEL, "file")


def work(url: str, path: Path) -> None:
    clock = SystemClock()
    database, feed = Database(create_engine(url, **engine_options(url))), Feed()
    relay, outbox = Relay(database), Outbox(database, feed, EventLog(), clock)
    followers = Followers(database, feed, relay)
    followers.add(Everything(outbox))
    leasing = Leasing(database, feed, clock, random.Random(), BACKOFF, lease=LEASE)
    dispatcher = Dispatcher([ToTheFile(path)], leasing, clock)
    outbox.tell(dispatcher.call)
    dispatcher.start()
    JobRunner([relay.job(), *followers.jobs()], database, clock, poll=POLL).start()
    while True:
        time.sleep(3_600)


def keep_working(url: str, path: Path) -> None:
    """Another takes the place of each that dies; all of them end with this process."""
    parent, alive = os.getpid(), 0
    while True:
        while alive < AT_WORK:
            if os.fork() == 0:
                _end_with(parent)
                work(url, path)
            alive += 1
        os.wait()
        alive -= 1


def _end_with(parent: int) -> None:
    import ctypes  # noqa: PLC0415  # of Linux alone, as these tests are

    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    keep_working(sys.argv[1], Path(sys.argv[2]))
