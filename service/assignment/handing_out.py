"""Handing out what waits as agents get room, and taking back what they left behind."""

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Row

from providers.ports import Clock
from service.assignment import staff_queries, waiting
from service.assignment.services import AssignmentService
from service.assignment.waiting import Waiting
from service.database import Database, DatabaseUnavailable, after_commit
from service.events import AGENT_DEACTIVATED, EventLog
from service.jobs import Bell
from service.tickets.handing import AssignmentEnding
from service.tickets.scoring import Weights

THE_SERVICE = "service"
"""The actor of what is done by itself."""

BATCH = 20
MOST_BATCHES = 50
"""Of one run; what is left waits for the next, two seconds later at most."""

TAKEN_BACK_AT_ONCE = 500
STOP_TIMEOUT_S = 5.0

log = structlog.get_logger()


class HandingOut:
    """Tickets that nobody may take are passed over; they keep nobody behind them waiting."""

    def __init__(
        self,
        database: Database,
        assignments: AssignmentService,
        weights: Weights,
        clock: Clock,
        *,
        batch: int = BATCH,
        most_batches: int = MOST_BATCHES,
    ) -> None:
        self._database = database
        self._assignments = assignments
        self._weights = weights
        self._clock = clock
        self._most = batch
        self._most_batches = most_batches
        self._go_on_behind: Waiting | None = None

    def run(self) -> Mapping[str, int]:
        """From the top, and on behind those that nobody may take; a long way is gone on by the next run."""
        handed, behind = 0, None
        far, self._go_on_behind = self._go_on_behind, None
        for _ in range(self._most_batches):
            given, last = self._batch(behind)
            handed += given
            if given:
                behind = None  # for whoever still has room the best is looked for anew
            elif last is None:
                return {"assigned": handed}
            else:
                behind, far = far or last, None
        self._go_on_behind = behind
        return {"assigned": handed}

    def _batch(self, behind: Waiting | None) -> tuple[int, Waiting | None]:
        """How many were handed out, and the last one that was looked at."""
        with self._database.reading() as session:
            if not waiting.anything_waits(session):
                return 0, None
            anybody, teams = staff_queries.teams_with_room(session)
            if not anybody:
                return 0, None
            found = waiting.next_waiting(
                session, self._weights, self._clock.now(), teams=teams, most=self._most, behind=behind
            )
        given = sum(self._assignments.hand_out(one.ticket_id, actor=THE_SERVICE) for one in found)
        return given, found[-1] if found else None


class TakingBack:
    """From agents who went offline what they had not accepted, after a while; from inactive ones all."""

    def __init__(
        self, database: Database, assignments: AssignmentService, clock: Clock, *, grace: timedelta
    ) -> None:
        self._database = database
        self._assignments = assignments
        self._clock = clock
        self._grace = grace

    def run(self) -> Mapping[str, int]:
        with self._database.reading() as session:
            before = self._clock.now() - self._grace
            left = staff_queries.left_behind(session, before, TAKEN_BACK_AT_ONCE)
            inactive = staff_queries.of_inactive(session, TAKEN_BACK_AT_ONCE)
        returned = self._take_back(left, AssignmentEnding.RETURNED)
        return {"returned": returned, "of_inactive": self._take_back(inactive, AssignmentEnding.DEACTIVATED)}

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(
            AGENT_DEACTIVATED,
            lambda session, event: after_commit(session, partial(self.from_inactive, event.subject_id)),
        )

    def from_inactive(self, agent_id: str) -> None:
        """At once; what cannot be done now the job does."""
        try:
            with self._database.reading() as session:
                theirs = staff_queries.of_inactive(session, TAKEN_BACK_AT_ONCE, agent_id)
            self._take_back(theirs, AssignmentEnding.DEACTIVATED)
        except DatabaseUnavailable:
            log.warning("tickets_not_taken_back_yet", agent_id=agent_id)

    def _take_back(self, those: Sequence[Row[Any]], ending: AssignmentEnding) -> int:
        return sum(
            self._assignments.take_back(row.ticket_id, row.agent_id, ending, actor=THE_SERVICE)
            for row in those
        )


class OnCall:
    """A thread of this process that hands out whenever its bell rings, so that nobody waits for the job."""

    def __init__(self, handing_out: HandingOut, bell: Bell) -> None:
        self._handing_out = handing_out
        self._bell = bell
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._answer, name="hand-out", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._bell.ring()
        if self._thread is not None:
            self._thread.join(STOP_TIMEOUT_S)

    def _answer(self) -> None:
        while not self._stopping.is_set():
            if self._bell.wait(60.0) and not self._stopping.is_set():
                self._run()

    def _run(self) -> None:
        try:
            self._handing_out.run()
        except DatabaseUnavailable:
            log.warning("hand_out_waits_for_database")
        except Exception:  # a defect must not end the thread; the job tries again
            log.exception("hand_out_failed")
