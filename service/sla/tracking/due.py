"""What falls due: found by an index, told within seconds, however many tickets are open."""

from collections.abc import Mapping
from datetime import timedelta

from providers.ports import Clock
from service.database import Database
from service.jobs import Job
from service.schedules import Every
from service.sla.tracking import queries
from service.sla.tracking.keeping import TargetKeeping
from service.sla.tracking.renewing import TargetRenewing

EVERY = timedelta(seconds=1)
LEASE = timedelta(seconds=2)
"""Short: while a dead process holds it, nobody looks. Who takes longer is not alone, which harms nothing."""

AT_ONCE = 200
LONGEST_RUN_S = 1.0


class DueTargets:
    def __init__(
        self, database: Database, keeping: TargetKeeping, clock: Clock, *, at_once: int = AT_ONCE
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._clock = clock
        self._at_once = at_once

    def idle(self) -> bool:
        with self._database.reading() as session:
            return not queries.due(session, self._clock.now(), 1)

    def run(self) -> Mapping[str, int]:
        """For a second, or until nothing is due: what is left after an absence waits for the next run."""
        began = self._clock.monotonic()
        told = {"tickets": 0, "warnings": 0, "breaches": 0}
        while step := self._step():
            told = {name: told[name] + step[name] for name in told}
            if self._clock.monotonic() - began > LONGEST_RUN_S:
                break
        return told

    def _step(self) -> Mapping[str, int]:
        """Empty where nothing is due."""
        if self.idle():
            return {}
        with self._database.writing() as session:
            queries.state(session)
            ids = queries.due(session, self._clock.now(), self._at_once)
            return self._keeping.bring_up(session, ids) if ids else {}


def jobs(due: DueTargets, renewing: TargetRenewing) -> list[Job]:
    return [
        Job(
            name="service-levels-due",
            description="warn of what is nearly due, and tell what is",
            schedule=Every(EVERY),
            run=due.run,
            idle=due.idle,
            lease=LEASE,
        ),
        Job(
            name="renew-service-levels",
            description="make promises anew where policies or calendars are others than before",
            schedule=Every(EVERY),
            run=renewing.run,
            idle=renewing.idle,
            lease=LEASE,
        ),
    ]
