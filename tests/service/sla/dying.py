"""A worker that is killed as it tells of breaches: `python -m tests.service.sla.dying URL SECONDS`.

It tells of two at a time; the first two are committed, the next two are not.
"""

import os
import signal
import sys

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from providers.testing.fakes import FakeClock
from service.database import Database, engine_options
from service.events import SLA_BREACHED, Event
from service.jobs import JobRunner
from service.sla.tracking.due import jobs
from tests.service.sla.promises import Promises

TOLD: list[Event] = []


def die_at_the_fourth(_session: Session, event: Event) -> None:
    TOLD.append(event)
    if len(TOLD) == 4:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    url, seconds = sys.argv[1:]
    clock = FakeClock()
    clock.advance(float(seconds))
    database = Database(create_engine(url, **engine_options(url)))
    desk = Promises(database, clock=clock, at_once=2)
    desk.events.subscribe(SLA_BREACHED, die_at_the_fourth)
    runner = JobRunner(jobs(desk.due, desk.renewing), database, clock)
    for _ in range(2):  # the first adds the jobs
        runner.run_due()
