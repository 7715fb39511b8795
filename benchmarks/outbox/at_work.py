"""A worker for the bench: `python -m benchmarks.outbox.at_work URL`. Every event goes to one who is deaf."""

import logging
import random
import signal
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
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
from service.outbox.channels import Delivery
from service.outbox.dispatching import Dispatcher
from service.outbox.leasing import Leasing
from service.outbox.services import Outbox

CHANNEL = "bench"
TARGETS = 16


class Deaf:
    """Takes everything at once, and remembers how long each was under way."""

    name = CHANNEL

    def __init__(self) -> None:
        self.delays_s: list[float] = []

    def deliver(self, delivery: Delivery) -> None:
        self.delays_s.append((datetime.now(UTC) - delivery.event.at).total_seconds())


class Everything:
    name = "bench"
    types = None

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def follow(self, session: Session, events: Sequence[FedEvent]) -> None:
        for event in events:
            self._outbox.add(session, event, CHANNEL, target_of(event.position))


def target_of(position: int) -> str:
    return f"target-{position % TARGETS}"


def main(url: str) -> None:
    """Tells its delays when it is told to end, a line each."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    clock, feed, deaf = SystemClock(), Feed(), Deaf()
    database = Database(create_engine(url, **engine_options(url)))
    relay, outbox = Relay(database), Outbox(database, feed, EventLog(), clock)
    followers = Followers(database, feed, relay)
    followers.add(Everything(outbox))
    dispatcher = Dispatcher([deaf], Leasing(database, feed, clock, random.Random(), Backoff()), clock)
    outbox.tell(dispatcher.call)
    runner = JobRunner([relay.job(), *followers.jobs()], database, clock)
    told = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: told.set())
    runner.start()
    dispatcher.start()
    sys.stdout.write("0\n")
    sys.stdout.flush()
    told.wait()
    runner.stop()
    dispatcher.stop()
    sys.stdout.writelines(f"{delay_s}\n" for delay_s in deaf.delays_s)


if __name__ == "__main__":
    main(sys.argv[1])
