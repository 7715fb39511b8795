"""What a named job is, and what is told of it."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from sqlalchemy.orm import Session

from service.database import Database
from service.schedules import Schedule

LEASE = timedelta(minutes=10)

Figures = Mapping[str, int]


class Bell:
    """Calls jobs before their time: rung from any thread, it costs next to nothing and waits for nobody."""

    def __init__(self) -> None:
        self._rung = threading.Event()
        self._wakes: list[Callable[[], None]] = []

    def ring(self) -> None:
        if self._rung.is_set():
            return
        self._rung.set()
        for wake in self._wakes:
            wake()

    def wait(self, timeout_s: float) -> bool:
        """Whether it was rung since the last time."""
        if not self._rung.wait(timeout_s):
            return False
        self._rung.clear()
        return True

    def wakes(self, wake: Callable[[], None]) -> None:
        """`wake` is called by whoever rings first."""
        self._wakes.append(wake)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`run` returns figures for the log. It may run twice when it outlasts `lease` or its process dies.

    `per_process`: every process runs it for itself, without a lease, on a thread that waits for no
    leased job, once before it serves and whenever the bell of its runner rings.

    Of a leased one, `idle` tells that there is nothing to do, by a read that is cheaper than a lease, and
    `bell` calls it in this process before it is due.
    """

    name: str
    description: str
    schedule: Schedule
    run: Callable[[], Figures]
    per_process: bool = False
    lease: timedelta = LEASE
    idle: Callable[[], bool] | None = None
    bell: Bell | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """What is known of a job; times are None where it never ran. `last_failure`: class of the error.

    `idle`: it is due when there is something to do, which there is not.

    Nothing but its schedule is known of a job that every process runs for itself.
    """

    name: str
    description: str
    schedule: str
    per_process: bool = False
    due_at: datetime | None = None
    running: bool = False
    last_started_at: datetime | None = None
    last_finished_at: datetime | None = None
    last_failure: str | None = None
    idle: bool = False


class JobOutcome(StrEnum):
    DONE = "done"
    WAITING = "waiting"
    """For the database."""
    FAILED = "failed"


class JobObserver(Protocol):
    """Told of each run of what was due, in the thread of the runs."""

    def ran(self, job: str, outcome: JobOutcome, duration_s: float) -> None: ...


class NobodyLooks:
    def ran(self, job: str, outcome: JobOutcome, duration_s: float) -> None: ...


class UnknownJob(LookupError):
    pass


class JobRunning(Exception):
    """Another process holds the job's lease."""


def in_short_transactions(database: Database, step: Callable[[Session], int]) -> int:
    """Repeat a bounded step, each in its own transaction, until it finds nothing; returns the sum."""
    total = 0
    while True:
        with database.writing() as session:
            changed = step(session)
        if not changed:
            return total
        total += changed
