"""Who runs the jobs that are due: each on a thread of its own, a few at once."""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from time import monotonic

import structlog

from providers import tracing
from providers.ports import Clock
from service import leases
from service.database import Database, DatabaseUnavailable
from service.jobs.named import (
    Bell,
    Figures,
    Job,
    JobObserver,
    JobOutcome,
    JobRunning,
    JobStatus,
    NobodyLooks,
    UnknownJob,
)
from service.leases import JobLease

POLL = timedelta(seconds=0.5)
AT_ONCE = 8
"""Leased jobs of one process. Few of them are long, so that one that is short finds room."""
BREATH_S = 0.02
"""Between two looks, however often it is called."""
STOP_TIMEOUT_S = 5.0

log = structlog.get_logger()


class JobRunner:
    """Runs what is due, from `start` until `stop`: jobs of every process one after the other on a thread.

    A leased job, which may take long, has a thread for as long as it runs, and runs once at a time.
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
        at_once: int = AT_ONCE,
    ) -> None:
        self._jobs = {job.name: job for job in jobs}
        if len(self._jobs) != len(jobs):
            raise ValueError("two jobs have the same name")
        self._database = database
        self._clock = clock
        self._poll_s = poll.total_seconds()
        self._observer = observer or NobodyLooks()
        self._at_once = at_once
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._due_here = {job.name: job.schedule.first(clock.now()) for job in jobs if job.per_process}
        self._bell = bell or Bell()
        self._look = Bell()
        self._called: set[str] = set()
        for job in jobs:
            if job.bell is not None:
                job.bell.wakes(self._look.ring)
        self._running: dict[str, threading.Thread] = {}
        self._database_away = False
        self._waiting: set[str] = set()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, *, leased: bool = True) -> None:
        """Returns once every job of this process has run, so that it serves with what they learn.

        Without `leased` it runs nothing else: workers do.
        """
        self._stopping.clear()
        self.run_here()
        self._threads = [threading.Thread(target=self._loop_here, name="jobs-here", daemon=True)]
        if leased:
            self._threads.append(threading.Thread(target=self._loop, name="jobs", daemon=True))
        for thread in self._threads:
            thread.start()

    def stop(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Begin no further job, and wait for those that run; whether they ended in time."""
        self._stopping.set()
        self._bell.ring()
        self._look.ring()
        give_up_at_s = monotonic() + timeout_s
        for threads in (self._threads, self._running.values()):  # whoever begins jobs ends first
            for thread in [one for one in list(threads) if one.is_alive()]:
                thread.join(max(0.0, give_up_at_s - monotonic()))
        return not any(thread.is_alive() for thread in [*self._threads, *self._running.values()])

    def run_due(self) -> None:
        """Run each leased job whose time has come and that no other process has. Raises nothing."""
        for thread in self._begin_due():
            thread.join()

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
            idle=job.idle is not None and job.idle(),
        )

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._look.wait(self._poll_s)
            self._begin_due()
            self._stopping.wait(BREATH_S)

    def _loop_here(self) -> None:
        while not self._stopping.is_set():
            rung = self._bell.wait(self._poll_s)
            self.run_here(due_only=not rung)

    def _begin_due(self) -> list[threading.Thread]:
        """The threads of those that were begun. What finds no room is begun when one of them ends."""
        try:
            begun = [self._thread_of(job) for job in self._due()]
        except DatabaseUnavailable:
            self._miss_database()
            return []
        self._database_away = False
        for thread in begun:
            thread.start()
        return begun

    def _due(self) -> list[Job]:
        """Those to begin now: they are due or called, nobody runs them, there is work, and there is room."""
        self._called |= {name for name, job in self._jobs.items() if job.bell and job.bell.wait(0)}
        with self._database.reading() as session:
            times = leases.times(session)
        now, due = self._clock.now(), []
        for name, job in self._jobs.items():
            if job.per_process or name in self._running or self._stopping.is_set():
                continue
            if name not in times:
                with self._database.writing() as session:
                    leases.add_missing(session, name, job.schedule.first(now))
                continue
            due_at, leased_until = times[name]
            if (due_at <= now or name in self._called) and (leased_until is None or leased_until <= now):
                due.append((due_at, name))
        room = self._at_once - len(self._running)
        wanted = [self._jobs[name] for _, name in sorted(due)]
        return [job for job in wanted if self._has_work(job)][: max(0, room)]

    def _has_work(self, job: Job) -> bool:
        try:
            idle = job.idle is not None and job.idle()
        except DatabaseUnavailable:
            raise
        except Exception:  # one job's defect must not end the thread that begins all the others
            log.exception("job_failed", job=job.name, retried_at="next_due")
            return False
        if idle:
            self._called.discard(job.name)
        return not idle

    def _thread_of(self, job: Job) -> threading.Thread:
        called = job.name in self._called
        self._called.discard(job.name)
        thread = threading.Thread(
            target=self._run_if_free, args=(job,), kwargs={"called": called}, name=f"job-{job.name}"
        )
        thread.daemon = True
        self._running[job.name] = thread
        return thread

    def _run_if_free(self, job: Job, *, called: bool) -> None:
        try:
            if self._take(job, due=not called):
                self._attempt(job, partial(self._run_leased, job))
        except DatabaseUnavailable:
            self._miss_database()
        finally:
            del self._running[job.name]
            if self._called or len(self._running) + 1 >= self._at_once:
                self._look.ring()

    def _miss_database(self) -> None:
        if not self._database_away:
            log.warning("jobs_wait_for_database")
        self._database_away = True

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
        often = job.per_process or job.idle is not None
        tell = log.info if any(figures.values()) and not often else log.debug
        tell("job_done", job=job.name, duration_s=round(self._clock.monotonic() - started, 3), **figures)
        return JobOutcome.DONE
