"""What waits until people work is looked at again then: of what is settled by that time nobody hears."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database
from service.feed.services import Feed
from service.jobs import Job
from service.notifications import queries
from service.notifications.digests import MOST_AT_ONCE, about, digest_of
from service.notifications.models import HeldNotice
from service.outbox.services import Addition, Outbox
from service.schedules import Every
from service.tickets.lifecycle import UNSETTLED

EVERY = timedelta(seconds=1)
LEASE = timedelta(seconds=10)
"""Who outlasts it works beside another, which tells nothing twice."""
AT_ONCE = 1_000
"""Of one target; of more there is more than one digest."""
LONGEST_RUN_S = 1.0

log = structlog.get_logger()


class HeldNotices:
    """Go on to the outbox when their hour has come, each once: they leave here in the same transaction.

    What nobody took on for longer than `max_age` after its hour is told to nobody.
    """

    def __init__(
        self, database: Database, feed: Feed, outbox: Outbox, clock: Clock, *, max_age: timedelta
    ) -> None:
        self._database = database
        self._feed = feed
        self._outbox = outbox
        self._clock = clock
        self._max_age = max_age

    def idle(self) -> bool:
        with self._database.reading() as session:
            return not queries.any_held(session, self._clock.now())

    def run(self) -> Mapping[str, int]:
        """For a second, or until nothing waits whose hour has come."""
        began, released = self._clock.monotonic(), 0
        while not self.idle():
            with self._database.writing() as session:
                released += self._release(session, self._clock.now())
            if self._clock.monotonic() - began > LONGEST_RUN_S:
                break
        return {"notices": released}

    def job(self) -> Job:
        return Job(
            name="tell-what-was-held",
            description="tell people what happened while they did not work, but for what is settled",
            schedule=Every(EVERY),
            run=self.run,
            idle=self.idle,
            lease=LEASE,
        )

    def _release(self, session: Session, now: datetime) -> int:
        """Those of one target; how many."""
        held = queries.next_held(session, now, AT_ONCE)
        if not held:
            return 0
        queries.let_go(session, [notice.id for notice in held])
        recent = [notice for notice in held if now - notice.not_before <= self._max_age]
        if len(recent) < len(held):
            log.warning("notifications_too_old", events=len(held) - len(recent))
        tickets = queries.tickets_told_of(session, {notice.ticket_id for notice in recent})
        unsettled = {ticket_id for ticket_id, row in tickets.items() if row.status in UNSETTLED}
        told = [notice for notice in recent if notice.ticket_id in unsettled]
        self._outbox.add_all(session, list(self._additions(session, told)))
        return len(held)

    def _additions(self, session: Session, told: Sequence[HeldNotice]) -> Iterator[Addition]:
        many = len(told) > MOST_AT_ONCE
        named = told[-1:] if many else told
        events = self._feed.at(session, [notice.position for notice in named])
        by_position = {event.position: event for event in events}
        for notice in named:
            said = digest_of(notice.occasion for notice in told) if many else about(notice.occasion)
            event = by_position.get(notice.position)
            if event is not None:
                yield Addition(event, notice.channel, notice.target, address=said)
