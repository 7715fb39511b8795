"""Statements of the feed."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, or_, select, text, update
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
_NUMBER = Write.inserting(FeedEntry.__table__, ("position", "event_id"))


def newest_position(session: Session) -> int:
    return session.scalar(select(func.max(FeedEntry.position))) or 0


def highest_numbered(session: Session) -> int:
    return session.scalar(select(func.max(FeedEntry.event_id))) or 0


def highest_event(session: Session) -> int:
    return session.scalar(select(func.max(StoredEvent.id))) or 0


def anything_to_number(session: Session) -> bool:
    """By the ends of indexes."""
    highest = select(func.max(StoredEvent.id)).scalar_subquery()
    numbered = select(func.max(FeedEntry.event_id)).scalar_subquery()
    newer = func.coalesce(highest, 0) > func.coalesce(numbered, 0)
    return bool(session.scalar(select(or_(newer, exists(select(FeedGap.first_id))))))


def unnumbered(session: Session, limit: int) -> Sequence[int]:
    """Ids of committed events that have no position yet, the first of them."""
    highest = highest_numbered(session)
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
    return bool(session.scalar(_TAKE_TURN, {"key": TURN}))


def writers(session: Session) -> frozenset[str]:
    """The transactions that may have taken ids of events, and not ended. For PostgreSQL.

    The lock is taken before the first id is, and given back after the commit can be seen.
    """
    return frozenset(session.scalars(_WRITERS))


def ids_above(session: Session, event_id: int, limit: int) -> list[int]:
    """Of events that are committed."""
    above = select(StoredEvent.id).where(StoredEvent.id > event_id)
    return list(session.scalars(above.order_by(StoredEvent.id).limit(limit)))


def ids_to_number(session: Session, highest: int, limit: int) -> list[int]:
    """Those in gaps and those above `highest`, in their order, as they are at one moment."""
    return list(session.scalars(_TO_NUMBER, {"highest": highest, "limit": limit}))


def number(session: Session, event_ids: Sequence[int]) -> None:
    first = newest_position(session) + 1
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
    wanted = (
        select(*_COLUMNS)
        .join(StoredEvent, StoredEvent.id == FeedEntry.event_id)
        .where(FeedEntry.position > after, FeedEntry.position <= until)
        .order_by(FeedEntry.position)
    )
    if types is not None:
        wanted = wanted.where(StoredEvent.type.in_(sorted(types)))
    if after_event_id:
        wanted = wanted.where(FeedEntry.event_id > after_event_id)
    return [FedEvent(**row) for row in session.execute(wanted).mappings()]


def events_at(session: Session, positions: Collection[int]) -> Sequence[FedEvent]:
    wanted = (
        select(*_COLUMNS)
        .join(StoredEvent, StoredEvent.id == FeedEntry.event_id)
        .where(FeedEntry.position.in_(positions))
    )
    return [FedEvent(**row) for row in session.execute(wanted).mappings()]


def position_of(session: Session, name: str) -> int | None:
    """None where it was never seen."""
    return session.scalar(select(FollowerPlace.position).where(FollowerPlace.name == name))


def take_place(session: Session, name: str) -> FollowerPlace | None:
    """The follower's until the transaction ends; None where another has it."""
    its = select(FollowerPlace).where(FollowerPlace.name == name)
    return session.scalar(its.with_for_update(skip_locked=True))


def add_place(session: Session, **values: Any) -> None:
    """One that is there already stays as it is."""
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(kind(FollowerPlace).values(**values).on_conflict_do_nothing())


def move(session: Session, name: str, **values: int) -> None:
    session.execute(update(FollowerPlace).where(FollowerPlace.name == name).values(**values))
