"""The feed to read from, and those who follow it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.database import Database
from service.feed import queries
from service.feed.following import FedEvent, Follower, NotNow, Unnumbered
from service.feed.relay import Relay
from service.jobs import Bell, Job
from service.schedules import Every

EVERY = timedelta(seconds=0.5)
LEASE = timedelta(seconds=3)
"""Short: while a dead process holds it, nobody follows. Who outlasts it still has its place."""
BATCH = 500
BATCHES = 20
"""In one run; more is left for the next."""
LOOKED_AT = 100
"""Of the events without a position."""


Wants = Callable[[Session], bool]


class Feed:
    """The committed events at their positions."""

    def position(self, session: Session) -> int:
        """The newest; 0 while there is none."""
        return queries.newest_position(session)

    def read(
        self, session: Session, after: int, limit: int, types: Collection[str] | None = None
    ) -> Sequence[FedEvent]:
        """Those of `types` among the `limit` positions that follow on `after`, in their order.

        So its cost does not grow with how rare the types are: who goes on does so from `after + limit`, or
        from the newest position where that is lower.
        """
        return queries.events_between(session, after, after + limit, types)

    def unnumbered(self, session: Session) -> Unnumbered:
        """What is asked of positions after this may have more, and nothing is in neither."""
        if not queries.anything_to_number(session):
            return Unnumbered(0, None)
        ids = queries.unnumbered(session, LOOKED_AT)
        count = len(ids)
        if count == LOOKED_AT:
            _, numbered = queries.ends(session)
            count = max(count, queries.highest_event(session) - numbered)
        return Unnumbered(count, queries.first_of(session, ids) if ids else None)

    def times(self, session: Session, after: int, until: int) -> tuple[datetime | None, datetime | None]:
        """When the earliest and the latest of the positions above `after`, up to `until`, happened."""
        return queries.times_between(session, after, until)

    def at(self, session: Session, positions: Sequence[int]) -> Sequence[FedEvent]:
        """Those that are there."""
        return queries.events_at(session, positions) if positions else []


class Followers:
    """Each has its own job and its own kept position: one that is slow or fails holds up no other."""

    def __init__(self, database: Database, feed: Feed, relay: Relay, *, batch: int = BATCH) -> None:
        self._database = database
        self._batch = batch
        self._feed = feed
        self._relay = relay
        self._followers: dict[str, Follower] = {}
        self._from_now: set[str] = set()
        self._wants: dict[str, Wants] = {}
        self._placed: set[str] = set()
        self._bells: dict[str, Bell] = {}
        relay.tell(self._call)

    def add(self, follower: Follower, *, from_now: bool = False, wants: Wants | None = None) -> None:
        """`from_now`: it is not told of what was recorded before it was first seen.

        `wants`: whether it wants to be told of any, asked at each batch; of one that it does not want it is
        never told, and none is read.
        """
        if follower.name in self._followers:
            raise ValueError(f"two followers are called {follower.name!r}")
        self._followers[follower.name] = follower
        self._bells[follower.name] = Bell()
        if wants is not None:
            self._wants[follower.name] = wants
        if from_now:
            self._from_now.add(follower.name)

    def jobs(self) -> list[Job]:
        return [self._job(name) for name in self._followers]

    def advance(self, name: str) -> int:
        """Through what is numbered, batch by batch and not endlessly; how many positions it passed."""
        self._make_place(name)
        passed = 0
        for _ in range(BATCHES):
            with self._database.writing() as session:
                step = self._step(session, name)
            passed += step
            if step < self._batch:  # what came meanwhile has rung for the next run
                break
        return passed

    def idle(self, name: str) -> bool:
        with self._database.reading() as session:
            return not queries.is_behind(session, name)

    def begin_at(self, name: str, position: int) -> None:
        """Its next event is the one after `position`: 0 for a rebuild from the first."""
        self._make_place(name)
        with self._database.writing() as session:
            queries.begin_at(session, name, position)

    def position(self, session: Session, name: str) -> int:
        """The last that has had its effect."""
        return queries.position_of(session, name) or 0

    def behind(self) -> dict[str, int]:
        """By follower, how many positions it has not passed yet."""
        with self._database.reading() as session:
            newest = self._feed.position(session)
            return {name: max(0, newest - self.position(session, name)) for name in self._followers}

    def catch_up(self) -> None:
        """Number what is committed, and let all follow, until nothing is left. For tests, above all."""
        while self._relay.number() + sum(self.advance(name) for name in self._followers):
            pass

    def _call(self) -> None:
        for bell in self._bells.values():
            bell.ring()

    def _job(self, name: str) -> Job:
        def run() -> Mapping[str, int]:
            return {"positions": self.advance(name)}

        return Job(
            name=f"follow-{name}",
            description=f"let {name} follow the feed of events",
            schedule=Every(EVERY),
            run=run,
            lease=LEASE,
            idle=lambda: self.idle(name),
            bell=self._bells[name],
        )

    def _step(self, session: Session, name: str) -> int:
        """0 where nothing is left, or another process is at it."""
        follower = self._followers[name]
        place = queries.take_place(session, name)
        if place is None:
            self._placed.discard(name)  # it may have been taken away, too
            return 0
        after = place.position
        until = min(after + self._batch, place.newest)
        if until <= after:
            return 0
        if not self._wanted(session, name):
            queries.move(session, name, until)
            return until - after
        events = queries.events_between(
            session, after, until, follower.types, after_event_id=place.after_event_id
        )
        if events:
            try:
                follower.follow(session, events)
            except NotNow:
                return 0
        queries.move(session, name, until)
        return until - after

    def _wanted(self, session: Session, name: str) -> bool:
        return name not in self._wants or self._wants[name](session)

    def _make_place(self, name: str) -> None:
        if name in self._placed:
            return
        with self._database.reading() as session:
            there = queries.position_of(session, name) is not None
        if not there:
            with self._database.writing() as session:
                known = queries.highest_event(session) if name in self._from_now else 0
                queries.add_place(session, name=name, position=0, after_event_id=known)
        self._placed.add(name)
