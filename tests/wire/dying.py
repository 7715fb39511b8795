"""A desk whose process dies as it creates a ticket: `python -m tests.wire.dying URL before|after KEY`."""

import os
import signal
import sys

from sqlalchemy.orm import Session

from service.database import after_commit
from service.events import TICKET_CREATED, Event, EventLog
from service.testing.desk import running_desk

NEW_TICKET = {"customer_id": "cust_123", "subject": "Where is it?", "initial_message": "It is late."}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_before_the_commit(_session: Session, _event: Event) -> None:
    die()


def die_after_the_commit(session: Session, _event: Event) -> None:
    after_commit(session, die)


MOMENTS = {"before": die_before_the_commit, "after": die_after_the_commit}

if __name__ == "__main__":
    url, moment, key = sys.argv[1:]
    with running_desk({"DATABASE_URL": url, "LOG_FILE": ""}) as desk:
        desk.component(EventLog).subscribe(TICKET_CREATED, MOMENTS[moment])
        desk.post("/api/tickets", NEW_TICKET, headers={"Idempotency-Key": key})
