"""Named jobs: when they are due, and that one process runs each."""

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select, update
from structlog.testing import capture_logs

from providers import tracing
from providers.testing.clock import EPOCH
from providers.testing.fakes import FakeClock
from service.clock import SystemClock
from service.database import Database, DatabaseUnavailable
from service.http.models import IdempotencyKey
from service.http.queries import prune_idempotency_keys
from service.intelligence.models import Draft
from service.intelligence.queries import prune_drafts
from service.jobs import Bell, Job, JobOutcome, JobRunner, JobRunning, UnknownJob, in_short_transactions
from service.leases import JobLease
from service.schedules import DailyAt, Every
from tests.service.persistence.rows import NOON, customer, draft, idempotency_key, ticket

HOURLY = Every(timedelta(hours=1))


class Work:
    """A job's `run` that counts, and that fails or does something else when told."""

    def __init__(self, meanwhile: Callable[[], object] | None = None) -> None:
        self.runs = 0
        self.failure: Exception | None = None
        self.meanwhile = meanwhile

    def __call__(self) -> Mapping[str, int]:
        self.runs += 1
        if self.meanwhile:
            self.meanwhile()
        if self.failure:
            raise self.failure
        return {"deleted": 0}


@pytest.fixture
def work() -> Work:
    return Work()


def job(work: Work, **fields: object) -> Job:
    defaults = {
        "name": "prune",
        "description": "Delete what is past its time",
        "schedule": HOURLY,
        "run": work,
    }
    return Job(**defaults | fields)  # type: ignore[arg-type]  # of mixed types


@pytest.fixture
def start_runner(database: Database, clock: FakeClock) -> Callable[..., JobRunner]:
    """A runner whose jobs are in the table, as after its first look."""

    def start(*jobs: Job) -> JobRunner:
        runner = JobRunner(jobs, database, clock)
        runner.run_due()
        return runner

    return start


def test_a_job_runs_when_its_interval_is_over_and_not_before(
    start_runner: Callable[..., JobRunner], work: Work, clock: FakeClock
) -> None:
    runner = start_runner(job(work))
    runner.run_due()
    assert work.runs == 1
    clock.advance(3599)
    runner.run_due()
    assert work.runs == 1
    clock.advance(1)
    runner.run_due()
    assert work.runs == 2


def test_a_restart_does_not_run_it_again(
    start_runner: Callable[..., JobRunner], work: Work, clock: FakeClock
) -> None:
    for _ in range(3):
        start_runner(job(work)).run_due()
        clock.advance(60)
    assert work.runs == 1


def test_a_daily_job_waits_for_its_time_of_day(
    start_runner: Callable[..., JobRunner], work: Work, clock: FakeClock
) -> None:
    runner = start_runner(job(work, schedule=DailyAt(time(3, 30))))
    clock.advance(timedelta(hours=17, minutes=29).total_seconds())
    runner.run_due()
    assert work.runs == 0
    clock.advance(60)
    runner.run_due()
    assert work.runs == 1


def test_a_job_that_is_leased_runs_nowhere_else(start_runner: Callable[..., JobRunner], work: Work) -> None:
    other = Work()
    competitor = start_runner(job(other))
    work.meanwhile = competitor.run_due
    start_runner(job(work)).run_due()
    assert (work.runs, other.runs) == (1, 0)


def test_of_many_runners_at_once_exactly_one_runs_it(
    database: Database, clock: FakeClock, work: Work
) -> None:
    runners = [JobRunner([job(work)], database, clock) for _ in range(8)]
    runners[0].run_due()
    together = threading.Barrier(len(runners))

    def run(runner: JobRunner) -> None:
        together.wait()
        runner.run_due()

    threads = [threading.Thread(target=run, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert work.runs == 1


def test_the_lease_of_a_dead_process_runs_out(
    start_runner: Callable[..., JobRunner], database: Database, clock: FakeClock, work: Work
) -> None:
    runner = start_runner(job(work, lease=timedelta(minutes=5)))
    with database.writing() as session:
        until = clock.now() + timedelta(minutes=5)
        session.execute(update(JobLease).values(holder="dead", leased_until=until))
    runner.run_due()
    assert work.runs == 0
    assert runner.statuses()[0].running
    clock.advance(300)
    runner.run_due()
    assert work.runs == 1


def test_a_run_that_outlasts_its_lease_does_not_disturb_its_successor(
    start_runner: Callable[..., JobRunner], clock: FakeClock, work: Work
) -> None:
    successor = start_runner(job(Work(lambda: clock.advance(1)), lease=timedelta(minutes=5)))

    def outlast() -> None:
        clock.advance(301)
        successor.run_due()

    work.meanwhile = outlast
    start_runner(job(work, lease=timedelta(minutes=5))).run_due()
    finished = successor.statuses()[0].last_finished_at
    assert finished == EPOCH + timedelta(seconds=302)


def test_a_failure_is_kept_and_the_job_tried_again_when_next_due(
    start_runner: Callable[..., JobRunner], work: Work, clock: FakeClock
) -> None:
    work.failure = ZeroDivisionError()
    other = Work()
    runner = start_runner(job(work), job(other, name="another"))
    runner.run_due()
    assert (work.runs, other.runs) == (1, 1), "one failure does not keep the others from running"
    assert runner.statuses()[0].last_failure == "ZeroDivisionError"
    work.failure = None
    clock.advance(3600)
    runner.run_due()
    assert work.runs == 2
    assert runner.statuses()[0].last_failure is None


def test_a_job_can_be_run_at_once(database: Database, clock: FakeClock, work: Work) -> None:
    runner = JobRunner([job(work, schedule=DailyAt(time(3)))], database, clock)
    assert runner.run_now("prune") == {"deleted": 0}
    status = runner.statuses()[0]
    assert (status.last_started_at, status.last_finished_at, status.running) == (EPOCH, EPOCH, False)
    assert status.due_at == datetime(2026, 2, 1, 3, tzinfo=UTC)


def test_running_at_once_what_runs_elsewhere_is_refused(
    start_runner: Callable[..., JobRunner], work: Work
) -> None:
    runner = start_runner(job(Work()))

    def refused() -> None:
        with pytest.raises(JobRunning):
            runner.run_now("prune")

    work.meanwhile = refused
    start_runner(job(work)).run_due()
    assert work.runs == 1


def test_an_unknown_name_is_answered_with_the_known_ones(database: Database, clock: FakeClock) -> None:
    with pytest.raises(UnknownJob, match="prune"):
        JobRunner([job(Work())], database, clock).run_now("prone")


def test_a_job_of_each_process_needs_no_lease_and_no_database(
    empty_database: Database, clock: FakeClock, work: Work
) -> None:
    runners = [JobRunner([job(work, per_process=True)], empty_database, clock) for _ in range(2)]
    for runner in runners:
        runner.run_here(due_only=True)
        runner.run_here(due_only=True)
    assert work.runs == 2


@pytest.mark.usefixtures("plain_logging")
def test_while_the_database_is_away_that_is_told_once(tmp_path: object, clock: FakeClock, work: Work) -> None:
    database = Database(create_engine(f"sqlite:///{tmp_path}"))
    leased = Work()
    runner = JobRunner([job(work, per_process=True), job(leased, name="leased")], database, clock)
    work.failure = DatabaseUnavailable("gone")
    with capture_logs() as logs:
        for _ in range(3):
            runner.run_here()
            runner.run_due()
        work.failure = None
        runner.run_here()
        work.failure = DatabaseUnavailable("gone again")
        runner.run_here()
    assert (work.runs, leased.runs) == (5, 0)
    told = [entry["event"] for entry in logs if entry["log_level"] == "warning"]
    assert told == ["job_waits_for_database", "jobs_wait_for_database", "job_waits_for_database"]
    database.close()


def test_a_bell_calls_the_jobs_of_this_process_before_their_time(database: Database, work: Work) -> None:
    ran, bell = threading.Semaphore(0), Bell()
    work.meanwhile = ran.release
    runner = JobRunner([job(work, per_process=True)], database, SystemClock(), bell=bell)
    runner.start()
    assert ran.acquire(timeout=0), "once before start returns"
    bell.ring()
    assert ran.acquire(timeout=5)
    runner.stop()


def test_jobs_of_this_process_do_not_wait_for_a_leased_one(database: Database, work: Work) -> None:
    hangs, released, ran, bell = threading.Event(), threading.Event(), threading.Semaphore(0), Bell()
    work.meanwhile = ran.release

    def hang() -> None:
        hangs.set()
        released.wait(10)

    runner = JobRunner(
        [job(Work(hang)), job(work, name="here", per_process=True)],
        database,
        SystemClock(),
        bell=bell,
        poll=timedelta(milliseconds=5),
    )
    runner.run_due()
    with database.writing() as session:
        session.execute(update(JobLease).values(due_at=SystemClock().now() - timedelta(hours=1)))
    runner.start()
    assert hangs.wait(5)
    for _ in range(3):
        assert ran.acquire(timeout=5)
        bell.ring()
    released.set()
    runner.stop()


def test_a_long_job_holds_no_short_one_back(database: Database, work: Work) -> None:
    hangs, released, ran = threading.Event(), threading.Event(), threading.Semaphore(0)
    work.meanwhile = ran.release
    long = Work(lambda: (hangs.set(), released.wait(10)))
    runner = JobRunner(
        [job(long, name="long"), job(work, schedule=Every(timedelta(milliseconds=1)))],
        database,
        SystemClock(),
        poll=timedelta(milliseconds=5),
    )
    runner.start()
    assert hangs.wait(5)
    for _ in range(3):
        assert ran.acquire(timeout=5)
    assert long.runs == 1
    released.set()
    assert runner.stop()


def test_no_more_run_at_once_than_there_is_room_for(database: Database, work: Work) -> None:
    hangs, released, ran = threading.Event(), threading.Event(), threading.Event()
    work.meanwhile = ran.set
    runner = JobRunner(
        [job(Work(lambda: (hangs.set(), released.wait(10))), name="first"), job(work, name="second")],
        database,
        SystemClock(),
        poll=timedelta(milliseconds=5),
        at_once=1,
    )
    runner.start()
    assert hangs.wait(5)
    assert not ran.wait(0.05)
    released.set()
    assert ran.wait(5)
    runner.stop()


def test_a_bell_calls_a_leased_job_before_its_time(
    start_runner: Callable[..., JobRunner], work: Work
) -> None:
    bell = Bell()
    runner = start_runner(job(work, bell=bell))
    runner.run_due()
    runner.run_due()
    assert work.runs == 1
    bell.ring()
    runner.run_due()
    runner.run_due()
    assert work.runs == 2


def test_a_bell_wakes_the_runner(database: Database, work: Work) -> None:
    ran, bell = threading.Semaphore(0), Bell()
    work.meanwhile = ran.release
    runner = JobRunner([job(work, bell=bell)], database, SystemClock(), poll=timedelta(seconds=0.01))
    runner.start()
    for _ in range(3):
        assert ran.acquire(timeout=5)
        bell.ring()
    runner.stop()


def test_an_idle_job_takes_no_lease(start_runner: Callable[..., JobRunner], work: Work) -> None:
    idle = True
    runner = start_runner(job(work, idle=lambda: idle))
    runner.run_due()
    assert (work.runs, runner.statuses()[0].last_started_at) == (0, None)
    idle = False
    runner.run_due()
    assert work.runs == 1


@pytest.mark.usefixtures("plain_logging")
def test_one_that_fails_to_tell_whether_it_is_idle_holds_no_other_up(
    start_runner: Callable[..., JobRunner], work: Work
) -> None:
    with capture_logs() as logs:
        runner = start_runner(job(Work(), name="broken", idle=lambda: 1 // 0 > 0), job(work))
        runner.run_due()
    assert work.runs == 1
    assert [entry["job"] for entry in logs if entry["event"] == "job_failed"] == ["broken"]


def test_a_process_that_leaves_the_work_to_workers_runs_its_own_jobs(database: Database, work: Work) -> None:
    leased, bell = Work(), Bell()
    runner = JobRunner(
        [job(work, per_process=True), job(leased, name="leased", bell=bell)],
        database,
        SystemClock(),
        poll=timedelta(milliseconds=1),
    )
    runner.start(leased=False)
    bell.ring()
    assert runner.stop()
    assert (work.runs, leased.runs) == (1, 0)


def test_a_bell_rung_as_the_waiting_for_it_ends_is_heard_the_next_time() -> None:
    bell = Bell()
    rung = threading.Event()

    def wait_in_vain(timeout: float | None = None) -> bool:
        heard = rung.is_set()
        rung.set()
        return heard

    bell._rung = SimpleNamespace(wait=wait_in_vain, clear=rung.clear, set=rung.set)  # type: ignore[assignment]
    assert not bell.wait(0)
    assert bell.wait(0)


def test_two_jobs_of_one_name_are_refused(database: Database, clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="same name"):
        JobRunner([job(Work()), job(Work())], database, clock)


def test_the_thread_stops_cleanly_and_begins_nothing_more(database: Database, work: Work) -> None:
    ran = threading.Event()
    work.meanwhile = ran.set
    runner = JobRunner([job(work, per_process=True)], database, SystemClock(), poll=timedelta(milliseconds=5))
    runner.start()
    assert ran.wait(5)
    runner.stop()
    assert not {"jobs", "jobs-here"} & {thread.name for thread in threading.enumerate()}
    runner.stop()


# ---------------------------------------------------------------- schedules


moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@given(moments, st.times())
def test_a_daily_job_is_due_at_its_time_within_a_day(now: datetime, at: time) -> None:
    due = DailyAt(at).after(now)
    assert now < due <= now + timedelta(days=1)
    assert due.timetz() == at.replace(tzinfo=UTC)


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=365)))
def test_an_interval_ends_later_than_it_begins(now: datetime, interval: timedelta) -> None:
    assert Every(interval).after(now) == now + interval


def test_an_interval_must_be_positive() -> None:
    with pytest.raises(ValueError, match="positive"):
        Every(timedelta(0))


def test_schedules_read_well() -> None:
    assert str(DailyAt(time(3, 5))) == "daily at 03:05 UTC"
    assert str(HOURLY) == "every 1:00:00"


# ---------------------------------------------------------------- pruning


def test_drafts_past_their_time_are_deleted_in_batches(database: Database) -> None:
    ada = customer()
    parcel = ticket(ada)
    old = [draft(parcel, generated_at=NOON - timedelta(days=91, seconds=n)) for n in range(7)]
    kept = draft(parcel, generated_at=NOON - timedelta(days=90))
    for group in ([ada], [parcel], [*old, kept]):
        with database.writing() as session:
            session.add_all(group)
    prune = partial(prune_drafts, before=NOON - timedelta(days=90), limit=3)
    with database.writing() as session:
        assert prune(session) == 3
    assert in_short_transactions(database, prune) == 4
    with database.reading() as session:
        assert session.scalars(select(Draft.id)).all() == [kept.id]


def test_idempotency_keys_past_their_time_are_deleted_in_batches(database: Database) -> None:
    with database.writing() as session:
        session.add_all(idempotency_key(expires_at=NOON - timedelta(seconds=n)) for n in range(8))
    prune = partial(prune_idempotency_keys, before=NOON, limit=3)
    assert in_short_transactions(database, prune) == 7
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(IdempotencyKey)) == 1


# ---------------------------------------------------------------- seen from outside


class Onlooker:
    def __init__(self) -> None:
        self.seen: list[tuple[str, JobOutcome, float]] = []

    def ran(self, job: str, outcome: JobOutcome, duration_s: float) -> None:
        self.seen.append((job, outcome, duration_s))


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (None, JobOutcome.DONE),
        (LookupError("a defect"), JobOutcome.FAILED),
        (DatabaseUnavailable("away"), JobOutcome.WAITING),
    ],
)
def test_each_run_is_told_with_its_outcome_and_its_time(
    database: Database, clock: FakeClock, failure: Exception | None, outcome: JobOutcome
) -> None:
    onlooker, work = Onlooker(), Work(meanwhile=lambda: clock.advance(2))
    work.failure = failure
    runner = JobRunner([job(work, per_process=True)], database, clock, observer=onlooker)
    clock.advance(3_600)
    runner.run_here()
    assert onlooker.seen == [("prune", outcome, 2)]


def test_each_run_has_a_trace_of_its_own(database: Database, clock: FakeClock) -> None:
    traces: list[tracing.Trace | None] = []
    work = Work(meanwhile=lambda: traces.append(tracing.current()))
    runner = JobRunner([job(work, per_process=True)], database, clock)
    for _ in range(2):
        clock.advance(3_600)
        runner.run_here()
    first, second = traces
    assert first
    assert second
    assert first.trace_id != second.trace_id
    assert tracing.current() is None
