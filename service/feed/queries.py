"""Statements of the feed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, exists, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.events import StoredEvent
from service.feed.following import FedEvent
from service.feed.models import FeedEntry, FeedGap, FollowerPlace
from service.writes import Write, write

_COLUMNS = (
    FeedEntry.position,
    StoredEvent.id,
    StoredEvent.type,
    StoredEvent.version,
    StoredEvent.subject_type,
    StoredEvent.subject_id,
    StoredEvent.ticket_id,
    StoredEvent.actor,
    StoredEvent.at,
    StoredEvent.before,
    StoredEvent.after,
)

KINDS = 128
"""Statements that are kept: of each follower one, and of what streams ask for."""

TURN = 0x66656564
"""Of PostgreSQL's advisory locks: "feed" in ASCII."""

_TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(:key)")
_WRITERS = text("""
    SELECT DISTINCT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'events'::regclass AND mode = 'RowExclusiveLock' AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")
_TO_NUMBER = text("""
    (SELECT events.id FROM feed_gaps JOIN events ON events.id BETWEEN first_id AND last_id
        WHERE NOT EXISTS (SELECT FROM feed WHERE event_id = events.id) ORDER BY events.id LIMIT :limit)
    UNION ALL
    (SELECT id FROM events WHERE id > :highest ORDER BY id LIMIT :limit)
    ORDER BY id LIMIT :limit
""")
_NEWEST = func.coalesce(select(func.max(FeedEntry.position)).scalar_subquery(), 0)
_HIGHEST = func.coalesce(select(func.max(FeedEntry.event_id)).scalar_subquery(), 0)
_ITS_PLACE = FollowerPlace.name == bindparam("follower")
_ANYTHING = select(
    or_(
        func.coalesce(select(func.max(StoredEvent.id)).scalar_subquery(), 0) > _HIGHEST,
        exists(select(FeedGap.first_id)),
    )
)
_ENDS = select(_NEWEST, _HIGHEST)
_POSITION = select(FollowerPlace.position).where(_ITS_PLACE)
_IS_BEHIND = select(func.coalesce(_POSITION.scalar_subquery(), 0) < _NEWEST)
_TAKE_PLACE = (
    select(FollowerPlace.position, FollowerPlace.after_event_id, _NEWEST.label("newest"))
    .where(_ITS_PLACE)
    .with_for_update(of=FollowerPlace, skip_locked=True)
)
_PLACES: Any = FollowerPlace.__table__
_MOVE = update(_PLACES).where(_ITS_PLACE).values(position=bindparam("to"))
_NUMBER = Write.inserting(FeedEntry.__table__, ("position", "event_id"))


class Place(NamedTuple):
    """Of a follower. `newest`: the position up to which there is something to follow."""

    position: int
    after_event_id: int
    newest: int


def newest_position(session: Session) -> int:
    return session.scalar(select(func.max(FeedEntry.position))) or 0


def ends(session: Session) -> tuple[int, int]:
    """The newest position, and the highest id of an event that has one."""
    newest, highest = session.connection().execute(_ENDS).one()
    return newest, highest


def highest_event(session: Session) -> int:
    return session.scalar(select(func.max(StoredEvent.id))) or 0


def anything_to_number(session: Session) -> bool:
    """By the ends of indexes."""
    return bool(session.connection().scalar(_ANYTHING))


def unnumbered(session: Session, limit: int) -> Sequence[int]:
    """Ids of committed events that have no position yet, the first of them."""
    _, highest = ends(session)
    if session.get_bind().dialect.name == "postgresql":
        return ids_to_number(session, highest, limit)
    return ids_above(session, highest, limit)


def first_of(session: Session, event_ids: Sequence[int]) -> datetime | None:
    """When the earliest happened."""
    return session.scalar(select(func.min(StoredEvent.at)).where(StoredEvent.id.in_(event_ids)))


def times_between(session: Session, after: int, until: int) -> tuple[datetime | None, datetime | None]:
    """The earliest and the latest of the positions above `after`, up to `until`; None where there is none."""
    found = (
        select(func.min(StoredEvent.at), func.max(StoredEvent.at))
        .join(FeedEntry, StoredEvent.id == FeedEntry.event_id)
        .where(FeedEntry.position > after, FeedEntry.position <= until)
    )
    earliest, latest = session.execute(found).one()
    return earliest, latest


def take_turn(session: Session) -> bool:
    """Whether no other transaction numbers, until this one ends. For PostgreSQL."""
    return bool(session.connection().scalar(_TAKE_TURN, {"key": TURN}))


def writers(session: Session) -> frozenset[str]:
    """The transactions that may have taken ids of events, and not ended. For PostgreSQL.

    The lock is taken before the first id is, and given back after the commit can be seen.
    """
    return frozenset(session.connection().scalars(_WRITERS))


def ids_above(session: Session, event_id: int, limit: int) -> list[int]:
    """Of events that are committed."""
    above = select(StoredEvent.id).where(StoredEvent.id > event_id)
    return list(session.scalars(above.order_by(StoredEvent.id).limit(limit)))


def ids_to_number(session: Session, highest: int, limit: int) -> list[int]:
    """Those in gaps and those above `highest`, in their order, as they are at one moment."""
    return list(session.connection().scalars(_TO_NUMBER, {"highest": highest, "limit": limit}))


def number(session: Session, event_ids: Sequence[int], *, first: int) -> None:
    write(
        session,
        _NUMBER,
        [{"position": first + step, "event_id": event_id} for step, event_id in enumerate(event_ids)],
    )


def gaps(session: Session) -> Sequence[FeedGap]:
    return session.scalars(select(FeedGap)).all()


def add_gaps(session: Session, found: Sequence[FeedGap]) -> None:
    session.add_all(found)


def drop_gaps(session: Session, settled: Sequence[FeedGap]) -> None:
    for gap in settled:
        session.delete(gap)


def events_between(
    session: Session, after: int, until: int, types: Collection[str] | None, *, after_event_id: int = 0
) -> Sequence[FedEvent]:
    """At positions above `after`, up to `until`."""
    wanted = _between(None if types is None else frozenset(types))
    limits = {"after": after, "until": until, "after_event_id": after_event_id}
    return [FedEvent(**row) for row in session.connection().execute(wanted, limits).mappings()]


@lru_cache(maxsize=KINDS)
def _between(types: frozenset[str] | None) -> Select[Any]:
    wanted = (
        select(*_COLUMNS)
        .join(StoredEvent, StoredEvent.id == FeedEntry.event_id)
        .where(
            FeedEntry.position > bindparam("after"),
            FeedEntry.position <= bindparam("until"),
            FeedEntry.event_id > bindparam("after_event_id"),
        )
        .order_by(FeedEntry.position)
    )
    return wanted if types is None else wanted.where(StoredEvent.type.in_(sorted(types)))


def events_at(session: Session, positions: Collection[int]) -> Sequence[FedEvent]:
    wanted = (
        select(*_COLUMNS)
        .join(StoredEvent, StoredEvent.id == FeedEntry.event_id)
        .where(FeedEntry.position.in_(positions))
    )
    return [FedEvent(**row) for row in session.execute(wanted).mappings()]


def position_of(session: Session, name: str) -> int | None:
    """None where it was never seen."""
    position: int | None = session.connection().scalar(_POSITION, {"follower": name})
    return position


def is_behind(session: Session, name: str) -> bool:
    return bool(session.connection().scalar(_IS_BEHIND, {"follower": name}))


def take_place(session: Session, name: str) -> Place | None:
    """The follower's until the transaction ends; None where another has it, or where it was never seen."""
    row = session.connection().execute(_TAKE_PLACE, {"follower": name}).one_or_none()
    return None if row is None else Place(*row)


def add_place(session: Session, **values: Any) -> None:
    """One that is there already stays as it is."""
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(kind(FollowerPlace).values(**values).on_conflict_do_nothing())


def move(session: Session, name: str, position: int) -> None:
    session.connection().execute(_MOVE, {"follower": name, "to": position})


def begin_at(session: Session, name: str, position: int) -> None:
    """It is told of all behind that, whenever it was seen first."""
    its = update(FollowerPlace).where(FollowerPlace.name == name)
    session.execute(its.values(position=position, after_event_id=0))
