"""Who gives committed events their positions (docs/adr/0083)."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

from sqlalchemy.orm import Session

from service.database import Database
from service.feed import queries
from service.feed.models import FeedGap
from service.jobs import Bell, Job
from service.schedules import Every

NUMBERING = "number-events"
EVERY = timedelta(seconds=0.5)
LEASE = timedelta(seconds=3)
"""Short: while a dead process holds it, nothing is numbered. Who outlasts it still has its turn."""
BATCH = 500
BATCHES = 40
"""In one run; more is left for the next, so that nobody waits behind a long one."""


class Relay:
    """Any number of them, in any number of processes: one numbers at a time.

    On PostgreSQL an id is taken before its transaction commits, if it ever does. What is missing between ids
    is kept as a gap, with the transactions that write events just then: none but these can fill it.
    """

    def __init__(self, database: Database, *, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch
        self._hear: list[Callable[[], None]] = []
        self.bell = Bell()

    def tell(self, hear: Callable[[], None]) -> None:
        """`hear` is called after each commit of new positions in this process: only to wake somebody."""
        self._hear.append(hear)

    def number(self) -> int:
        """All that is committed, in short transactions; how many events that were."""
        total = 0
        while numbered := self._number_some():
            total += numbered
        return total

    def idle(self) -> bool:
        with self._database.reading() as session:
            return not queries.anything_to_number(session)

    def job(self) -> Job:
        return Job(
            name=NUMBERING,
            description="give committed events their places in the feed",
            schedule=Every(EVERY),
            run=lambda: {"events": self._number_some()},
            lease=LEASE,
            idle=self.idle,
            bell=self.bell,
        )

    def _number_some(self) -> int:
        total = 0
        for _ in range(BATCHES):
            with self._database.writing() as session:
                numbered = step(session, batch=self._batch)
            if not numbered:
                break
            total += numbered
            for hear in self._hear:
                hear()
            if numbered < self._batch:
                break
        return total


def step(session: Session, *, batch: int = BATCH) -> int:
    """Number what is seen, and note what is missing; 0 where that is nothing, or another is at it."""
    if session.get_bind().dialect.name != "postgresql":
        newest, highest = queries.ends(session)
        seen = queries.ids_above(session, highest, batch)
        queries.number(session, seen, first=newest + 1)
        return len(seen)
    if not queries.take_turn(session):
        return 0
    gaps = queries.gaps(session)
    writing = queries.writers(session) if gaps else frozenset()  # before the events are looked at
    newest, highest = queries.ends(session)
    seen = queries.ids_to_number(session, highest, batch)
    queries.number(session, seen, first=newest + 1)
    if len(seen) < batch:
        queries.drop_gaps(session, [gap for gap in gaps if not writing.intersection(gap.holders)])
    missing = _missing(highest, seen)
    if missing:
        holders = sorted(queries.writers(session))  # after the events were looked at
        queries.add_gaps(
            session, [FeedGap(first_id=first, last_id=last, holders=holders) for first, last in missing]
        )
    return len(seen)


def _missing(highest: int, seen: list[int]) -> list[tuple[int, int]]:
    """The stretches of ids above `highest` that are not among those seen, up to the last of them."""
    above = [highest, *(event_id for event_id in seen if event_id > highest)]
    return [(before + 1, after - 1) for before, after in pairwise(above) if after - before > 1]
