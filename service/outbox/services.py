"""What is to leave the desk, kept until it has: added by followers, looked after by operators."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database, after_commit
from service.errors import Conflict, NotFound
from service.events import OUTBOX_REPLAYED, Event, EventLog
from service.feed.following import FedEvent
from service.feed.services import Feed
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id
from service.outbox import queries
from service.outbox.models import OutboxEntry, State
from service.writes import write

REPLAYED_AT_ONCE = 5_000
BATCH = 500
LOOKED_UP = 10_000
"""Ids of what is to be dropped, found by one look at all dead letters."""

COUNTED = 10_000
"""Of what waits: monitoring asks every few seconds, and must not cost more the more there is."""

DEAD_LETTERS = "dead_letters"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxFilter:
    state: State | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """As the arguments of `Outbox.add`."""

    event: FedEvent
    channel: str
    target: str
    not_before: datetime | None = None
    address: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToldEntry:
    """`event_type`: None where the event is there no more."""

    entry: OutboxEntry
    event_type: str | None

    @property
    def next_attempt_at(self) -> datetime | None:
        """What has ended is not tried again by itself."""
        return self.entry.next_attempt_at if self.entry.state is State.PENDING else None


@dataclass(frozen=True, slots=True)
class Replayed:
    """`remaining`: there are more, for another call."""

    replayed: int
    remaining: bool


class Outbox:
    def __init__(self, database: Database, feed: Feed, events: EventLog, clock: Clock) -> None:
        self._database = database
        self._feed = feed
        self._events = events
        self._clock = clock
        self._hear: list[Callable[[], None]] = []
        self._replayed: list[ColumnElement[bool]] = []

    def tell(self, hear: Callable[[], None]) -> None:
        """`hear` is called in this process when something was added: only to wake somebody."""
        self._hear.append(hear)

    def replay_only(self, those: ColumnElement[bool]) -> None:
        """Of many at once: what nobody listens to would die again, and be before all others the next time."""
        self._replayed.append(those)

    def add(
        self,
        session: Session,
        event: FedEvent,
        channel: str,
        target: str,
        not_before: datetime | None = None,
        *,
        address: Mapping[str, Any] | None = None,
    ) -> None:
        """In the caller's transaction. The same event for the same target again changes nothing.

        One that waits for `not_before` holds nothing else up. `address` has nothing personal and no secret.
        """
        self.add_all(session, [Addition(event, channel, target, not_before, address)])

    def add_all(self, session: Session, additions: Sequence[Addition]) -> None:
        """As `add`, in one statement for all of them."""
        if additions:
            now = self._clock.now()
            write(session, queries.ADD, [_row(addition, now) for addition in additions])
            self._call_after(session)

    def listing(self, wanted: OutboxFilter, page: Page) -> Listing[ToldEntry]:
        """The newest first."""
        with self._database.reading() as session:
            rows = queries.entries(session, wanted.state, wanted.channel, page)
            total, estimated = queries.count(session, wanted.state, wanted.channel)
            told = self._told(session, rows)
        return paginate(
            told,
            page,
            total=total,
            estimated=estimated,
            place=lambda each: Cursor(each.entry.created_at, each.entry.id),
        )

    def read(self, delivery_id: str) -> ToldEntry:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            entry = queries.entry(session, delivery_id)
            if entry is None:
                raise NotFound("delivery", delivery_id)
            (told,) = self._told(session, [entry])
        return told

    def waiting(self) -> Sequence[tuple[str, str, int, datetime]]:
        """Channel, state, how many and since when, of the oldest that are pending and that are dead."""
        with self._database.reading() as session:
            return queries.waiting(session, COUNTED)

    def prune(self, session: Session, kept: timedelta) -> int:
        """Some of what was delivered and is past its time."""
        return queries.prune_delivered(session, self._clock.now() - kept)

    def drop_dead(self, those: ColumnElement[bool]) -> int:
        """Of the dead letters, in short transactions; how many they were."""
        dropped, found = 0, LOOKED_UP
        while found == LOOKED_UP:
            with self._database.reading() as session:
                ids = queries.dead_among(session, those, LOOKED_UP)
            found = len(ids)
            for start in range(0, found, BATCH):
                with self._database.writing() as session:
                    dropped += queries.drop_dead(session, ids[start : start + BATCH])
        return dropped

    def replay(self, delivery_id: str, *, actor: str) -> ToldEntry:
        """One that has ended, well or not, is delivered anew. Raises `NotFound`, `Conflict`."""
        now = self._clock.now()
        with self._database.writing() as session:
            entry = queries.entry(session, delivery_id, for_change=True)
            if entry is None:
                raise NotFound("delivery", delivery_id)
            if entry.state is State.PENDING:
                raise Conflict("It is still to be delivered: wait for next_attempt_at.")
            queries.replay(session, [entry.id], now)
            self._record(session, delivery_id, actor=actor, at=now, after={"channel": entry.channel})
            self._call_after(session)
        return self.read(delivery_id)

    def replay_dead(self, *, actor: str, channel: str | None = None) -> Replayed:
        """Dead letters to those who listen, the oldest first, up to `REPLAYED_AT_ONCE`."""
        replayed, found = 0, BATCH
        while found == BATCH and replayed < REPLAYED_AT_ONCE:
            found = self._replay_batch(channel)
            replayed += found
        if replayed:
            told = {"replayed": replayed, "channel": channel}
            with self._database.writing() as session:
                self._record(session, DEAD_LETTERS, actor=actor, at=self._clock.now(), after=told)
        return Replayed(replayed, remaining=found == BATCH)

    def _replay_batch(self, channel: str | None) -> int:
        with self._database.writing() as session:
            dead = queries.dead(session, channel, BATCH, *self._replayed)
            queries.replay(session, dead, self._clock.now())
            self._call_after(session)
        return len(dead)

    def _call_after(self, session: Session) -> None:
        for hear in self._hear:
            after_commit(session, hear)

    def _told(self, session: Session, rows: list[OutboxEntry]) -> list[ToldEntry]:
        events = self._feed.at(session, [row.position for row in rows])
        types = {event.position: event.type for event in events}
        return [ToldEntry(row, types.get(row.position)) for row in rows]

    def _record(
        self, session: Session, subject_id: str, *, actor: str, at: datetime, after: Mapping[str, Any]
    ) -> None:
        self._events.record(
            session,
            Event(
                type=OUTBOX_REPLAYED,
                subject_type="outbox",
                subject_id=subject_id,
                actor=actor,
                at=at,
                after=after,
            ),
        )


def _row(addition: Addition, now: datetime) -> dict[str, Any]:
    event, not_before = addition.event, addition.not_before
    return {
        "id": new_id("dlv"),
        "position": event.position,
        "ticket_id": event.ticket_id,
        "about": event.ticket_id or event.subject_id,
        "channel": addition.channel,
        "target": addition.target,
        "address": addition.address,
        "state": State.PENDING,
        "attempts": 0,
        "not_before": not_before,
        "next_attempt_at": max(now, not_before or now),
        "created_at": now,
    }
