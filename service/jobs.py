"""Timed work: named jobs, each run by one process at a time, however many there are."""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import Protocol

import structlog
from sqlalchemy.orm import Session

from providers import tracing
from providers.ports import Clock
from service import leases
from service.database import Database, DatabaseUnavailable
from service.leases import JobLease
from service.schedules import Schedule

POLL = timedelta(seconds=1)
LEASE = timedelta(minutes=10)
STOP_TIMEOUT_S = 5.0

log = structlog.get_logger()

Figures = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`run` returns figures for the log. It may run twice when it outlasts `lease` or its process dies.

    `per_process`: every process runs it for itself, without a lease, on a thread that waits for no
    leased job, once before it serves and whenever the bell rings.
    """

    name: str
    description: str
    schedule: Schedule
    run: Callable[[], Figures]
    per_process: bool = False
    lease: timedelta = LEASE


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """What is known of a job; times are None where it never ran. `last_failure`: class of the error.

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


class Bell:
    """Calls the jobs of this process before their time: rung from any thread, it waits for nobody."""

    def __init__(self) -> None:
        self._rung = threading.Event()

    def ring(self) -> None:
        self._rung.set()

    def wait(self, timeout_s: float) -> bool:
        """Whether it was rung since the last time."""
        if not self._rung.wait(timeout_s):
            return False
        self._rung.clear()
        return True


class JobRunner:
    """Runs what is due, from `start` until `stop`, one job after the other on each of two daemon threads.

    One is for leased jobs, which may take long, and one for those of every process, which must not wait.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        database: Database,
        clock: Clock,
        *,
        bell: Bell | None = None,
        poll: timedelta = POLL,
        observer: JobObserver | None = None,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        if len(self._jobs) != len(jobs):
            raise ValueError("two jobs have the same name")
        self._database = database
        self._clock = clock
        self._poll_s = poll.total_seconds()
        self._observer = observer or NobodyLooks()
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._due_here = {job.name: job.schedule.first(clock.now()) for job in jobs if job.per_process}
        self._bell = bell or Bell()
        self._database_away = False
        self._waiting: set[str] = set()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Returns once every job of this process has run, so that it serves with what they learn."""
        self._stopping.clear()
        self.run_here()
        self._threads = [
            threading.Thread(target=self._loop, name="jobs", daemon=True),
            threading.Thread(target=self._loop_here, name="jobs-here", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> None:
        """Begin no further job, and wait for those that run."""
        self._stopping.set()
        self._bell.ring()
        give_up_at_s = monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, give_up_at_s - monotonic()))

    def run_due(self) -> None:
        """Run each leased job whose time has come and that no other process has. Raises nothing."""
        try:
            self._run_due_leased()
        except DatabaseUnavailable:
            if not self._database_away:
                log.warning("jobs_wait_for_database")
            self._database_away = True
        else:
            self._database_away = False

    def run_here(self, *, due_only: bool = False) -> None:
        """Run the jobs of this process. Raises nothing."""
        for name, due_at in self._due_here.items():
            if self._stopping.is_set():
                return
            if not due_only or due_at <= self._clock.now():
                job = self._jobs[name]
                self._attempt(job, job.run)
                self._due_here[name] = job.schedule.after(self._clock.now())

    def run_now(self, name: str) -> Figures:
        """Run a job whether due or not. Raises `UnknownJob`, `JobRunning`, or what the job raises."""
        job = self._jobs.get(name)
        if job is None:
            raise UnknownJob(f"there is no job {name!r}; there are: {', '.join(sorted(self._jobs))}")
        if job.per_process:
            return job.run()
        with self._database.writing() as session:
            leases.add_missing(session, name, job.schedule.first(self._clock.now()))
        if not self._take(job, due=False):
            raise JobRunning(f"{name} runs in another process")
        return self._run_leased(job)

    def statuses(self) -> list[JobStatus]:
        with self._database.reading() as session:
            rows = {row.name: row for row in leases.read_all(session)}
        return [self._status(job, rows.get(job.name)) for job in self._jobs.values()]

    def _status(self, job: Job, row: JobLease | None) -> JobStatus:
        if row is None:
            return JobStatus(
                name=job.name,
                description=job.description,
                schedule=str(job.schedule),
                per_process=job.per_process,
            )
        return JobStatus(
            name=job.name,
            description=job.description,
            schedule=str(job.schedule),
            due_at=row.due_at,
            running=row.leased_until is not None and row.leased_until > self._clock.now(),
            last_started_at=row.last_started_at,
            last_finished_at=row.last_finished_at,
            last_failure=row.last_failure,
        )

    def _loop(self) -> None:
        while not self._stopping.wait(self._poll_s):
            self.run_due()

    def _loop_here(self) -> None:
        while not self._stopping.is_set():
            rung = self._bell.wait(self._poll_s)
            self.run_here(due_only=not rung)

    def _run_due_leased(self) -> None:
        leased = [job for job in self._jobs.values() if not job.per_process]
        with self._database.reading() as session:
            rows = {row.name: row for row in leases.read_all(session)}
        for job in leased:
            if self._stopping.is_set():
                return
            row = rows.get(job.name)
            if row is None:
                with self._database.writing() as session:
                    leases.add_missing(session, job.name, job.schedule.first(self._clock.now()))
            elif row.due_at <= self._clock.now() and self._take(job, due=True):
                self._attempt(job, partial(self._run_leased, job))

    def _take(self, job: Job, *, due: bool) -> bool:
        now = self._clock.now()
        with self._database.writing() as session:
            return leases.take(session, job.name, self._holder, now=now, until=now + job.lease, due=due)

    def _run_leased(self, job: Job) -> Figures:
        failure: str | None = "interrupted"
        try:
            figures = job.run()
            failure = None
        except Exception as error:
            failure = type(error).__name__
            raise
        finally:
            now = self._clock.now()
            with self._database.writing() as session:
                due_at = job.schedule.after(now)
                leases.give_back(session, job.name, self._holder, now=now, due_at=due_at, failure=failure)
        return figures

    def _attempt(self, job: Job, run: Callable[[], Figures]) -> None:
        started = self._clock.monotonic()
        with tracing.own_trace():
            outcome = self._outcome_of(job, run, started)
        self._observer.ran(job.name, outcome, self._clock.monotonic() - started)

    def _outcome_of(self, job: Job, run: Callable[[], Figures], started: float) -> JobOutcome:
        try:
            figures = run()
        except DatabaseUnavailable:
            if job.name not in self._waiting:
                log.warning("job_waits_for_database", job=job.name)
            self._waiting.add(job.name)
            return JobOutcome.WAITING
        except Exception:  # one job's defect must not end the thread that runs all the others
            log.exception("job_failed", job=job.name, retried_at="next_due")
            return JobOutcome.FAILED
        self._waiting.discard(job.name)
        tell = log.info if any(figures.values()) and not job.per_process else log.debug
        tell("job_done", job=job.name, duration_s=round(self._clock.monotonic() - started, 3), **figures)
        return JobOutcome.DONE


def in_short_transactions(database: Database, step: Callable[[Session], int]) -> int:
    """Repeat a bounded step, each in its own transaction, until it finds nothing; returns the sum."""
    total = 0
    while True:
        with database.writing() as session:
            changed = step(session)
        if not changed:
            return total
        total += changed
