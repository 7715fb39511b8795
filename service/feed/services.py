"""The feed to read from, who numbers it, and who follows it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from service.database import Database
from service.feed import queries
from service.feed.following import FedEvent, Follower
from service.feed.models import FollowerPlace
from service.jobs import Job, in_short_transactions
from service.schedules import Every

RELAY_EVERY = timedelta(seconds=0.5)
FOLLOW_EVERY = timedelta(seconds=0.5)
LEASE = timedelta(minutes=1)
BATCH = 500


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


class Relay:
    """Gives committed events their positions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def number(self) -> int:
        """How many there were to number, in short transactions."""
        return in_short_transactions(self._database, self._step)

    def job(self) -> Job:
        return Job(
            name="number-events",
            description="give committed events their places in the feed",
            schedule=Every(RELAY_EVERY),
            run=lambda: {"events": self.number()},
            lease=LEASE,
        )

    def _step(self, session: Session) -> int:
        ids = queries.ids_above(session, queries.highest_numbered(session), BATCH)
        if ids:
            queries.number(session, ids, first=queries.newest_position(session) + 1)
        return len(ids)


class Followers:
    """Each has its own job and its own kept position: one that is slow or fails holds up no other."""

    def __init__(self, database: Database, feed: Feed, relay: Relay) -> None:
        self._database = database
        self._feed = feed
        self._relay = relay
        self._followers: dict[str, Follower] = {}
        self._from_now: set[str] = set()

    def add(self, follower: Follower, *, from_now: bool = False) -> None:
        """`from_now`: it is not told of what was recorded before it was first seen."""
        if follower.name in self._followers:
            raise ValueError(f"two followers are called {follower.name!r}")
        self._followers[follower.name] = follower
        if from_now:
            self._from_now.add(follower.name)

    def jobs(self) -> list[Job]:
        return [self._job(name) for name in self._followers]

    def advance(self, name: str) -> int:
        """Through all that is numbered, batch by batch; how many positions it passed."""
        return in_short_transactions(self._database, lambda session: self._step(session, name))

    def begin_at(self, name: str, position: int) -> None:
        """Its next event is the one after `position`: 0 for a rebuild from the first."""
        with self._database.writing() as session:
            if queries.place_of(session, name) is None:
                self._first_seen(session, name)
            queries.move(session, name, position=position, after_event_id=0)

    def position(self, session: Session, name: str) -> int:
        """The last that has had its effect."""
        return next((place.position for place in queries.places(session) if place.name == name), 0)

    def catch_up(self) -> None:
        """Number what is committed, and let all follow, until nothing is left. For tests, above all."""
        while self._relay.number() + sum(self.advance(name) for name in self._followers):
            pass

    def _job(self, name: str) -> Job:
        def run() -> Mapping[str, int]:
            return {"positions": self.advance(name)}

        return Job(
            name=f"follow-{name}",
            description=f"let {name} follow the feed of events",
            schedule=Every(FOLLOW_EVERY),
            run=run,
            lease=LEASE,
        )

    def _step(self, session: Session, name: str) -> int:
        follower = self._followers[name]
        place = queries.place_of(session, name) or self._first_seen(session, name)
        after = place.position
        until = min(after + BATCH, queries.newest_position(session))
        if until <= after:
            return 0
        events = queries.events_between(
            session, after, until, follower.types, after_event_id=place.after_event_id
        )
        if events:
            follower.follow(session, events)
        queries.move(session, name, position=until)
        return until - after

    def _first_seen(self, session: Session, name: str) -> FollowerPlace:
        known = queries.highest_event(session) if name in self._from_now else 0
        return queries.add_place(session, FollowerPlace(name=name, position=0, after_event_id=known))
