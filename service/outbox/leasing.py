"""Who delivers what, and what becomes of it."""

import os
import secrets
import socket
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from sqlalchemy.orm import Session

from providers.ports import Clock, Random
from service.database import Database
from service.feed.following import FedEvent
from service.feed.services import Feed
from service.outbox import queries
from service.outbox.backoff import Backoff
from service.outbox.channels import Delivery, DeliveryFailed
from service.outbox.models import REASON_LENGTH, State
from service.outbox.queries import Due, Line

LEASE = timedelta(seconds=15)
"""Renewed while its process lives; what a dead one had is due again so soon."""
LONGEST = timedelta(minutes=2)
"""That a lease is renewed: what hangs for longer is another's to try."""
LOOK = 100
"""Entries looked at to find some to deliver."""
AGAIN = timedelta(seconds=1)
"""When to look again at one that stands behind another which somebody is about to take."""
GONE = "target_gone"
EVENT_GONE = "event_gone"


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """A delivery that is this process's for a while. `since`: when it could first have been made."""

    delivery: Delivery
    since: datetime
    at: datetime

    @property
    def attempt(self) -> tuple[str, int]:
        return self.delivery.id, self.delivery.attempt

    @property
    def line(self) -> Line:
        event = self.delivery.event
        return self.delivery.target, event.ticket_id or event.subject_id


class Leasing:
    """Entries are taken for a while, so that those of a dead process are due again."""

    def __init__(
        self,
        database: Database,
        feed: Feed,
        clock: Clock,
        random: Random,
        backoff: Backoff,
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self.lease = lease
        self._database = database
        self._feed = feed
        self._clock = clock
        self._random = random
        self._backoff = backoff
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def any_due(self, channel: str, busy: frozenset[str] = frozenset()) -> bool:
        with self._database.reading() as session:
            return queries.any_due(session, channel, self._clock.now(), busy)

    def take(self, channel: str, busy: frozenset[str] = frozenset()) -> list[Taken]:
        """Some that are due, but for those `busy` targets, in the order in which each line is to hear.

        What stands behind in a line that is another's, or waits to be tried again, waits with it.
        """
        now = self._clock.now()
        with self._database.writing() as session:
            found = queries.due(session, channel, now, busy, LOOK)
            if not found:
                return []
            chosen = self._choose(session, channel, found, now)
            events = {
                event.position: event for event in self._feed.at(session, [row.position for row in chosen])
            }
            queries.lease(session, [row.id for row in chosen], self._holder, now + self.lease)
            lost = [(row.id, row.attempts + 1) for row in chosen if row.position not in events]
            if lost:
                queries.settle(
                    session, lost, self._holder, state=State.DEAD, last_error=EVENT_GONE, ended_at=now
                )
        return [_taken(row, events[row.position], now) for row in chosen if row.position in events]

    def delivered(self, channel: str, those: Sequence[Taken]) -> None:
        self._end(channel, those, state=State.DELIVERED, last_error=None)

    def gone(self, channel: str, taken: Taken) -> None:
        self._end(channel, [taken], state=State.DEAD, last_error=GONE)

    def failed(self, channel: str, taken: Taken, failure: DeliveryFailed) -> bool:
        """Whether it will be tried again."""
        now = self._clock.now()
        reason = failure.reason[:REASON_LENGTH]
        if not failure.retryable or self._backoff.is_over(taken.since, now):
            self._end(channel, [taken], state=State.DEAD, last_error=reason)
            return False
        delay = self._backoff.delay(taken.delivery.attempt, self._random)
        if failure.retry_after_s is not None:
            delay = max(delay, min(timedelta(seconds=failure.retry_after_s), self._backoff.longest))
        with self._database.writing() as session:
            queries.settle(
                session, [taken.attempt], self._holder, next_attempt_at=now + delay, last_error=reason
            )
        return True

    def renew(self, those: Sequence[Taken]) -> None:
        """They are this process's anew, as far as they still were."""
        if those:
            until = self._clock.now() + self.lease
            with self._database.writing() as session:
                queries.renew(session, [taken.attempt for taken in those], self._holder, until)

    def release(self, those: Sequence[Taken]) -> None:
        """They were not tried: anybody may take them."""
        if those:
            with self._database.writing() as session:
                queries.release(session, [taken.attempt for taken in those], self._holder, self._clock.now())

    def _end(self, channel: str, those: Sequence[Taken], *, state: State, last_error: str | None) -> None:
        if not those:
            return
        now = self._clock.now()
        attempts = [taken.attempt for taken in those]
        with self._database.writing() as session:
            queries.settle(session, attempts, self._holder, state=state, last_error=last_error, ended_at=now)
            queries.call_next(session, channel, {taken.line for taken in those}, now)

    def _choose(self, session: Session, channel: str, found: Sequence[Due], now: datetime) -> list[Due]:
        """Of each line what comes first, and what follows on it without anything between."""
        lines: dict[Line, list[Due]] = defaultdict(list)
        for row in sorted(found, key=lambda row: row.position):
            lines[row.target, row.about].append(row)
        fronts = queries.fronts(session, channel, lines, now, up_to=max(row.position for row in found))
        chosen: list[Due] = []
        behind: list[tuple[datetime, str]] = []
        for line, rows in lines.items():
            front = fronts[line]
            if rows[0].position != front.position:
                later = max(front.next_attempt_at, now + AGAIN)
            elif len(rows) == front.length:
                chosen += rows
                continue
            else:
                chosen.append(rows.pop(0))
                later = now + self.lease
            behind += [(later, row.id) for row in rows]
        for later, those in groupby(sorted(behind), key=lambda each: each[0]):
            queries.put_off(session, [delivery_id for _, delivery_id in those], later)
        return sorted(chosen, key=lambda row: row.position)


def _taken(row: Due, event: FedEvent, now: datetime) -> Taken:
    delivery = Delivery(
        id=row.id,
        event=event,
        channel=row.channel,
        target=row.target,
        attempt=row.attempts + 1,
        address=row.address or {},
    )
    return Taken(delivery, max(row.created_at, row.not_before or row.created_at), now)
