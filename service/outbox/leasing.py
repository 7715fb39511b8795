"""Who delivers what, and what becomes of it."""

import os
import secrets
import socket
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from providers.ports import Clock, Random
from service.database import Database
from service.feed.following import FedEvent
from service.feed.services import Feed
from service.outbox import queries
from service.outbox.backoff import Backoff
from service.outbox.channels import Delivery, DeliveryFailed
from service.outbox.models import REASON_LENGTH, OutboxEntry, State

LEASE = timedelta(seconds=15)
"""Renewed while its process lives; what a dead one had is due again so soon."""
LONGEST = timedelta(minutes=2)
"""That a group is renewed: one that hangs for longer is another's to try."""
LOOK = 100
"""Entries looked at to find some to deliver."""
EACH = 20
"""Deliveries taken together, for one target."""
AGAIN = timedelta(seconds=1)
"""When to look again at one that stands behind another which somebody is about to take."""
GONE = "target_gone"
EVENT_GONE = "event_gone"


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that is this process's for a while. `since`: when it could first have been made."""

    delivery: Delivery
    since: datetime

    @property
    def attempt(self) -> tuple[str, int]:
        return self.delivery.id, self.delivery.attempt


@dataclass(slots=True, eq=False)
class Group:
    """Deliveries for one target, taken together: this process's before `until`, which can be put off."""

    taken: Sequence[Taken]
    since: datetime
    until: datetime

    @property
    def target(self) -> str:
        return self.taken[0].delivery.target


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
        self._lease = lease
        self._database = database
        self._feed = feed
        self._clock = clock
        self._random = random
        self._backoff = backoff
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    def any_due(self, channel: str, busy: frozenset[str] = frozenset()) -> bool:
        with self._database.reading() as session:
            return queries.any_due(session, channel, self._clock.now(), busy)

    def take(
        self, channel: str, *, groups: int = 1, room: Mapping[str, int] | None = None, default_room: int = 1
    ) -> list[Group]:
        """Up to so many groups, each of one target, and none of them with two of a line.

        `room`: how many groups a target may get, where that is not `default_room`.
        """
        room = room or {}
        now = self._clock.now()
        busy = frozenset(target for target, places in room.items() if places <= 0)
        with self._database.writing() as session:
            found = queries.due(session, channel, now, busy, LOOK)
            if not found:
                return []
            ready = self._ready(session, channel, found, now)
            chosen = _grouped(ready, groups, room, default_room)
            entries = [entry for group in chosen for entry in group]
            events = {
                event.position: event
                for event in self._feed.at(session, [entry.position for entry in entries])
            }
            for entry in entries:
                self._take(entry, now, known=entry.position in events)
        taken_together = [
            [_taken(entry, events[entry.position]) for entry in group if entry.position in events]
            for group in chosen
        ]
        return [Group(taken, now, now + self._lease) for taken in taken_together if taken]

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

    def renew(self, groups: Iterable[Group]) -> None:
        """Those that are past the half of their lease have it anew, but not for ever."""
        now = self._clock.now()
        for group in groups:
            if group.until - now < self._lease / 2 and now - group.since < LONGEST:
                until = now + self._lease
                with self._database.writing() as session:
                    queries.renew(session, [taken.attempt for taken in group.taken], self._holder, until)
                group.until = until

    def release(self, those: Sequence[Taken]) -> None:
        """They were not tried: anybody may take them."""
        if those:
            with self._database.writing() as session:
                queries.release(session, [taken.attempt for taken in those], self._holder, self._clock.now())

    def _end(self, channel: str, those: Sequence[Taken], *, state: State, last_error: str | None) -> None:
        if not those:
            return
        now = self._clock.now()
        lines = {(taken.delivery.target, _about(taken.delivery.event)) for taken in those}
        attempts = [taken.attempt for taken in those]
        with self._database.writing() as session:
            queries.settle(session, attempts, self._holder, state=state, last_error=last_error, ended_at=now)
            queries.call_next(session, channel, lines, now)

    def _ready(
        self, session: Session, channel: str, found: Iterable[OutboxEntry], now: datetime
    ) -> list[OutboxEntry]:
        """Those that are next in their lines. The others wait until these are done, or due again."""
        in_order = sorted(found, key=lambda entry: entry.position)
        lines = {(entry.target, entry.about) for entry in in_order}
        heads = queries.heads(session, channel, lines, now)
        ready = []
        for entry in in_order:
            position, at = heads.get((entry.target, entry.about), (entry.position, now))
            if position >= entry.position:
                ready.append(entry)
            else:
                entry.next_attempt_at = max(at, now + AGAIN)
        return ready

    def _take(self, entry: OutboxEntry, now: datetime, *, known: bool) -> None:
        if not known:
            entry.state, entry.last_error, entry.ended_at = State.DEAD, EVENT_GONE, now
            return
        entry.attempts += 1
        entry.holder = self._holder
        entry.next_attempt_at = entry.leased_until = now + self._lease


def _about(event: FedEvent) -> str:
    return event.ticket_id or event.subject_id


def _grouped(
    ready: Iterable[OutboxEntry], groups: int, room: Mapping[str, int], default_room: int
) -> list[list[OutboxEntry]]:
    made: list[list[OutboxEntry]] = []
    places: Counter[str] = Counter()
    open_groups: dict[str, list[OutboxEntry]] = {}
    for entry in ready:
        group = open_groups.get(entry.target)
        if group is None or len(group) == EACH:
            if len(made) == groups or places[entry.target] >= room.get(entry.target, default_room):
                continue
            group = open_groups[entry.target] = []
            made.append(group)
            places[entry.target] += 1
        group.append(entry)
    return made


def _taken(entry: OutboxEntry, event: FedEvent) -> Taken:
    delivery = Delivery(
        id=entry.id,
        event=event,
        channel=entry.channel,
        target=entry.target,
        attempt=entry.attempts,
        address=entry.address or {},
    )
    since = max(entry.created_at, entry.not_before or entry.created_at)
    return Taken(delivery, since)
