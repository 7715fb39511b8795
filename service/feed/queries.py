"""Statements of the feed."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.events import StoredEvent
from service.feed.following import FedEvent
from service.feed.models import FeedEntry, FollowerPlace

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


def newest_position(session: Session) -> int:
    return session.scalar(select(func.max(FeedEntry.position))) or 0


def highest_numbered(session: Session) -> int:
    return session.scalar(select(func.max(FeedEntry.event_id))) or 0


def highest_event(session: Session) -> int:
    return session.scalar(select(func.max(StoredEvent.id))) or 0


def ids_above(session: Session, event_id: int, limit: int) -> Sequence[int]:
    """Of events that are committed."""
    return session.scalars(
        select(StoredEvent.id).where(StoredEvent.id > event_id).order_by(StoredEvent.id).limit(limit)
    ).all()


def number(session: Session, event_ids: Iterable[int], *, first: int) -> None:
    rows = [{"position": first + step, "event_id": event_id} for step, event_id in enumerate(event_ids)]
    session.execute(insert(FeedEntry), rows)


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


def place_of(session: Session, name: str) -> FollowerPlace | None:
    """Locked until the transaction ends."""
    return session.scalar(select(FollowerPlace).where(FollowerPlace.name == name).with_for_update())


def places(session: Session) -> Sequence[FollowerPlace]:
    return session.scalars(select(FollowerPlace)).all()


def add_place(session: Session, place: FollowerPlace) -> FollowerPlace:
    """As it is there, where another process was first."""
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    values = {"name": place.name, "position": place.position, "after_event_id": place.after_event_id}
    session.execute(kind(FollowerPlace).values(values).on_conflict_do_nothing())
    return place_of(session, place.name) or place


def move(session: Session, name: str, **values: int) -> None:
    session.execute(update(FollowerPlace).where(FollowerPlace.name == name).values(**values))
