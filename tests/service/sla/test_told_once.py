"""Each breach is told once and in time, whoever looks at once and whoever is killed: on both databases."""

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from service.events import StoredEvent
from service.jobs import JobRunner
from service.sla.tracking.due import DueTargets, jobs
from tests.service.sla.promises import Promises

ROOT = Path(__file__).resolve().parents[3]
IN_TIME = timedelta(seconds=5)
DUE_S = 30 * 60.0


def run(runner: JobRunner, desk: Promises, seconds: float) -> None:
    """As it does, twice a second."""
    for _ in range(int(seconds * 2)):
        runner.run_due()
        desk.clock.advance(0.5)
    runner.run_due()


def breaches(desk: Promises) -> list[StoredEvent]:
    told = select(StoredEvent).where(StoredEvent.type == "sla.breached").order_by(StoredEvent.id)
    with desk.database.reading() as session:
        return list(session.scalars(told))


def test_a_breach_is_told_once_and_in_time_where_a_worker_is_killed(database, migrated_url) -> None:
    desk = Promises(database, at_once=2)
    tickets = [desk.new("urgent") for _ in range(5)]
    desk.follow()
    runner = JobRunner(jobs(desk.due, desk.renewing), database, desk.clock)
    desk.clock.advance(DUE_S - 2)
    run(runner, desk, 1)
    desk.clock.advance(1)
    died = subprocess.run(  # a program of ours
        [sys.executable, "-m", "tests.service.sla.dying", migrated_url, str(DUE_S)],
        cwd=ROOT,
        check=False,
    )
    assert died.returncode == -9
    assert len(breaches(desk)) == 2
    run(runner, desk, 5)
    told = breaches(desk)
    assert sorted(event.ticket_id for event in told) == sorted(tickets)
    created = desk.ticket(tickets[0]).created_at
    assert all(event.at - (created + timedelta(seconds=DUE_S)) <= IN_TIME for event in told)
    assert [desk.ticket(ticket_id).service_level_score for ticket_id in tickets] == [4.0] * 5


def test_two_that_look_at_once_tell_each_breach_once(database, migrated_url, open_database) -> None:
    desk = Promises(database, at_once=3)
    tickets = [desk.new("urgent") for _ in range(12)]
    desk.follow()
    desk.later(0.6)
    another = Promises(open_database(migrated_url), clock=desk.clock, at_once=3)
    together = threading.Barrier(2)

    def look(due: DueTargets) -> None:
        together.wait()
        due.run()

    threads = [threading.Thread(target=look, args=(one.due,)) for one in (desk, another)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(event.ticket_id for event in breaches(desk)) == sorted(tickets)
    assert desk.counted() == {("", "first_response", "breached"): 12}
