"""What leaves the desk: deliveries a second by 1, 2 and 4 workers beside a bare queue, and how late each is.

Starts a PostgreSQL and the workers, on loopback and sockets of their own, and ends them. The floor is a queue
in the same database with nothing but its statements: one process that takes twenty rows with SKIP LOCKED and
marks them as done, each in a transaction.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import create_engine, func, insert, select

from benchmarks.outbox.at_work import CHANNEL, target_of
from benchmarks.processes import ROOT
from service.clock import SystemClock
from service.database import Database, engine_options, normalise_url
from service.events import TICKET_UPDATED, EventLog, StoredEvent, about_ticket
from service.feed.models import FeedEntry, FollowerPlace
from service.identifiers import new_id
from service.outbox.models import OutboxEntry, State
from service.testing.desk import migrate
from tests.servers import postgres_server

WORKERS = (1, 2, 4)
LEAST_RATIO = 0.03
MOST_DELAY_S = 2.0
TOGETHER = 20
POLL_S = 0.01
FLOOR_TABLE = "CREATE TABLE bare (id bigint PRIMARY KEY, due_at timestamptz NOT NULL, done boolean NOT NULL)"
FLOOR_INDEX = "CREATE INDEX bare_due ON bare (due_at) WHERE NOT done"
TAKE = """
    UPDATE bare SET due_at = now() + interval '1 minute' WHERE id IN (
        SELECT id FROM bare WHERE NOT done AND due_at <= now() ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED
    ) RETURNING id
"""
DONE = "UPDATE bare SET done = true WHERE id = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Stage:
    url: str
    database: Database

    def empty(self) -> None:
        with self.database.writing() as session:
            for table in (OutboxEntry, FeedEntry, FollowerPlace, StoredEvent):
                session.execute(table.__table__.delete())  # type: ignore[attr-defined]  # of every model

    def delivered(self) -> int:
        with self.database.reading() as session:
            done = select(func.count()).where(OutboxEntry.state == State.DELIVERED)
            return session.scalar(done) or 0


@contextmanager
def workers(stage: Stage, count: int) -> Iterator[list[subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "benchmarks.outbox.at_work", stage.url]
    with ExitStack() as stack:
        started = [
            subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(count)
        ]
        for process in started:
            stack.callback(_end, process)
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        yield started


def throughput(stage: Stage, count: int, deliveries: int) -> float:
    """Deliveries a second, from the commit that adds them all."""
    stage.empty()
    events, entries = _waiting(deliveries)
    with workers(stage, count):
        with stage.database.writing() as session:
            session.execute(insert(StoredEvent), events)
            session.execute(insert(FeedEntry), [_place(event["id"]) for event in events])
            session.execute(insert(FollowerPlace), [_passed(deliveries)])
            session.execute(insert(OutboxEntry), entries)
        began = time.monotonic()
        while stage.delivered() < deliveries:
            time.sleep(POLL_S)
        return deliveries / (time.monotonic() - began)


def floor(url: str, deliveries: int) -> float:
    with psycopg.connect(url) as connection:
        connection.execute(FLOOR_TABLE)
        connection.execute(FLOOR_INDEX)
        connection.execute(
            "INSERT INTO bare SELECT n, now(), false FROM generate_series(1, %s) n", [deliveries]
        )
        connection.commit()
        began = time.monotonic()
        while taken := connection.execute(TAKE, [TOGETHER]).fetchall():
            connection.commit()
            connection.execute(DONE, [[row[0] for row in taken]])
            connection.commit()
        took_s = time.monotonic() - began
        connection.execute("DROP TABLE bare")
    return deliveries / took_s


def delays(stage: Stage, seconds: float, per_second: int) -> list[float]:
    """Seconds from each event to its arrival, at a steady rate, by two workers."""
    stage.empty()
    clock, events = SystemClock(), EventLog()
    written = 0
    with workers(stage, 2) as started:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with stage.database.writing() as session:
                event = about_ticket(TICKET_UPDATED, f"ticket_{written % 50}", actor="bench", at=clock.now())
                events.record(session, event)
            written += 1
            time.sleep(1 / per_second)
        while stage.delivered() < written:
            time.sleep(POLL_S)
        for process in started:
            process.terminate()
        return sorted(float(line) for process in started for line in process.stdout or ())


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    with postgres_server() as server, server.new_database() as url:
        migrate(normalise_url(url))
        normalised = normalise_url(url)
        stage = Stage(normalised, Database(create_engine(normalised, **engine_options(normalised))))
        bare = floor(url, options.deliveries)
        print(f"bare queue, one process: {bare:,.0f} a second", flush=True)
        kept = [_show(stage, count, options.deliveries, bare) for count in WORKERS]
        late = delays(stage, options.seconds, options.per_second)
        median, most = late[len(late) // 2], late[-1]
        worst = late[int(len(late) * 0.99)]
        ok = most <= MOST_DELAY_S
        print(
            f"from event to delivered, {options.per_second} a second: p50 {median:.2f} s, p99 {worst:.2f} s, "
            f"latest {most:.2f} s  ≤ {MOST_DELAY_S:g} s  {'ok' if ok else 'MISSED'}"
        )
        stage.database.close()
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return 1 if options.check and not all([*kept, ok]) else 0


def _show(stage: Stage, count: int, deliveries: int, bare: float) -> bool:
    rate = throughput(stage, count, deliveries)
    kept = rate / bare >= LEAST_RATIO
    print(
        f"{count} worker{'s' if count > 1 else ' '}: {rate:>6,.0f} a second, {rate / bare:.3f} of the bare"
        f" queue  ≥ {LEAST_RATIO}  {'ok' if kept else 'MISSED'}",
        flush=True,
    )
    return kept


def _waiting(deliveries: int) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    now = SystemClock().now()
    events: list[dict[str, object]] = [
        {
            "id": number,
            "type": "ticket.updated",
            "version": 1,
            "subject_type": "ticket",
            "subject_id": f"ticket_{number // 3}",
            "ticket_id": f"ticket_{number // 3}",
            "actor": "bench",
            "at": now,
        }
        for number in range(1, deliveries + 1)
    ]
    entries: list[dict[str, object]] = [
        {
            "id": new_id("dlv"),
            "position": event["id"],
            "ticket_id": event["ticket_id"],
            "about": event["ticket_id"],
            "channel": CHANNEL,
            "target": target_of(number // 3),
            "state": State.PENDING,
            "attempts": 0,
            "next_attempt_at": now,
            "created_at": now,
        }
        for number, event in enumerate(events, 1)
    ]
    return events, entries


def _place(event_id: object) -> dict[str, object]:
    return {"position": event_id, "event_id": event_id}


def _passed(position: int) -> dict[str, object]:
    return {"name": "bench", "position": position, "after_event_id": 0}


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=30)


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.outbox",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="that events are written for, for the delay"
    )
    parser.add_argument("--per-second", type=int, default=50)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a bound is missed")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
