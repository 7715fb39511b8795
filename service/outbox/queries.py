"""Statements of the outbox."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Select,
    and_,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.orm import Session, aliased

from service.http.pagination import Page
from service.outbox.models import PENDING, OutboxEntry, State
from service.writes import Write, recorded

_TABLE: Any = OutboxEntry.__table__
_ADDED = (
    *("id", "position", "ticket_id", "about", "channel", "target", "address"),
    *("state", "attempts", "not_before", "next_attempt_at", "created_at"),
)
ADD = Write(
    table=_TABLE.name,
    of_json=recorded(_TABLE, _ADDED) + " ON CONFLICT (position, channel, target) DO NOTHING",
    one_by_one=sqlite.insert(_TABLE).on_conflict_do_nothing().inline(),
)
"""What is there already stays as it is."""

COUNTED_EXACTLY = 1_000
CALLED = 20
"""Of a line, when what was before them has ended."""

Line = tuple[str, str]
"""A target, and what it hears of in order."""


class Due(NamedTuple):
    """What is needed of an entry to deliver it."""

    id: str
    position: int
    about: str
    channel: str
    target: str
    address: Mapping[str, Any] | None
    attempts: int
    not_before: datetime | None
    created_at: datetime


class Front(NamedTuple):
    """Of a line: what is first, how many there are, and when the first is tried."""

    position: int
    length: int
    next_attempt_at: datetime


def any_due(session: Session, channel: str, now: datetime, busy: Collection[str]) -> bool:
    due = select(OutboxEntry.id).where(*_due(channel, now, busy)).limit(1)
    return session.scalar(due) is not None


def due(session: Session, channel: str, now: datetime, busy: Collection[str], limit: int) -> Sequence[Due]:
    """Those that wait longest, which are the caller's until the transaction ends."""
    those = select(*(getattr(OutboxEntry, name) for name in Due._fields)).where(*_due(channel, now, busy))
    ordered = those.order_by(OutboxEntry.next_attempt_at, OutboxEntry.position)
    return [Due(*row) for row in session.execute(ordered.limit(limit).with_for_update(skip_locked=True))]


def fronts(
    session: Session, channel: str, lines: Collection[Line], now: datetime, *, up_to: int
) -> dict[Line, Front]:
    """Of each line what is first, and how many there are; what waits for its hour stands in no line."""
    of_line = (OutboxEntry.target, OutboxEntry.about)
    figures = (
        select(*of_line, func.min(OutboxEntry.position).label("position"), func.count().label("length"))
        .where(
            PENDING,
            OutboxEntry.channel == channel,
            tuple_(*of_line).in_(list(lines)),
            OutboxEntry.position <= up_to,
            _may_begin(now),
        )
        .group_by(*of_line)
        .subquery()
    )
    first = aliased(OutboxEntry)
    found = select(
        figures.c.target, figures.c.about, figures.c.position, figures.c.length, first.next_attempt_at
    ).join(
        first,
        and_(
            first.position == figures.c.position,
            first.channel == channel,
            first.target == figures.c.target,
        ),
    )
    return {(target, about): Front(*front) for target, about, *front in session.execute(found).tuples()}


def call_next(session: Session, channel: str, lines: Collection[Line], now: datetime) -> None:
    """The next few in these lines that have not been tried are due.

    They are locked before they are looked at: whoever puts them off just then has done so, or will not.
    """
    place = func.row_number().over(
        partition_by=(OutboxEntry.target, OutboxEntry.about), order_by=OutboxEntry.position
    )
    placed = (
        select(OutboxEntry.id, place.label("place"))
        .where(
            PENDING,
            OutboxEntry.channel == channel,
            tuple_(OutboxEntry.target, OutboxEntry.about).in_(list(lines)),
            _may_begin(now),
        )
        .subquery()
    )
    next_few = select(placed.c.id).where(placed.c.place <= CALLED)
    held = select(OutboxEntry.id, OutboxEntry.next_attempt_at).where(
        OutboxEntry.id.in_(next_few), OutboxEntry.attempts == 0
    )
    waiting = session.execute(held.with_for_update()).tuples()
    put_off(session, [delivery_id for delivery_id, at in waiting if at > now], now)


def lease(session: Session, ids: Collection[str], holder: str, until: datetime) -> None:
    session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id.in_(ids))
        .values(attempts=OutboxEntry.attempts + 1, holder=holder, leased_until=until, next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )


def put_off(session: Session, ids: Collection[str], until: datetime) -> None:
    if not ids:
        return
    session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id.in_(ids))
        .values(next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )


def settle(session: Session, those: Iterable[tuple[str, int]], holder: str, **values: Any) -> None:
    """Of those that are still `holder`'s, by id and number of attempts."""
    session.execute(
        update(OutboxEntry)
        .where(*_still(those, holder))
        .values(leased_until=None, holder=None, **values)
        .execution_options(synchronize_session=False)
    )


def renew(session: Session, those: Iterable[tuple[str, int]], holder: str, until: datetime) -> None:
    session.execute(
        update(OutboxEntry)
        .where(*_still(those, holder))
        .values(leased_until=until, next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )


def release(session: Session, those: Iterable[tuple[str, int]], holder: str, now: datetime) -> None:
    """They were not tried."""
    settle(session, those, holder, attempts=OutboxEntry.attempts - 1, next_attempt_at=now)


def _still(those: Iterable[tuple[str, int]], holder: str) -> list[ColumnElement[bool]]:
    taken = tuple_(OutboxEntry.id, OutboxEntry.attempts).in_(list(those))
    return [and_(PENDING, taken), OutboxEntry.holder == holder]


def _due(channel: str, now: datetime, busy: Collection[str]) -> list[ColumnElement[bool]]:
    elsewhere = [OutboxEntry.target.not_in(sorted(busy))] if busy else []
    return [and_(PENDING, OutboxEntry.channel == channel, OutboxEntry.next_attempt_at <= now), *elsewhere]


def _may_begin(now: datetime) -> ColumnElement[bool]:
    return or_(OutboxEntry.not_before.is_(None), OutboxEntry.not_before <= now)


# ---------------------------------------------------------------- for operators


def entry(session: Session, delivery_id: str, *, for_change: bool = False) -> OutboxEntry | None:
    statement = select(OutboxEntry).where(OutboxEntry.id == delivery_id)
    return session.scalar(statement.with_for_update() if for_change else statement)


def entries(session: Session, state: State | None, channel: str | None, page: Page) -> list[OutboxEntry]:
    """The newest first; one more than the page has, where there is one."""
    statement = _wanted(state, channel)
    if page.cursor is not None:
        last = tuple_(literal(page.cursor.at, OutboxEntry.created_at.type), literal(page.cursor.id))
        statement = statement.where(tuple_(OutboxEntry.created_at, OutboxEntry.id) < last)
    newest = statement.order_by(OutboxEntry.created_at.desc(), OutboxEntry.id.desc())
    return list(session.scalars(newest.limit(page.limit + 1).offset(page.offset)))


def count(session: Session, state: State | None, channel: str | None) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    some = _wanted(state, channel).with_only_columns(literal(1), maintain_column_froms=True)
    found = session.scalar(select(func.count()).select_from(some.limit(COUNTED_EXACTLY + 1).subquery())) or 0
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY


def dead(session: Session, channel: str | None, limit: int, *only: ColumnElement[bool]) -> list[str]:
    """Ids, the oldest first, which are the caller's until the transaction ends."""
    those = _wanted(State.DEAD, channel).with_only_columns(OutboxEntry.id).where(*only)
    oldest = those.order_by(OutboxEntry.created_at, OutboxEntry.id)
    return list(session.scalars(oldest.limit(limit).with_for_update(skip_locked=True)))


def dead_among(session: Session, those: ColumnElement[bool], limit: int) -> Sequence[str]:
    """Ids, in no order."""
    dead_ones = _wanted(State.DEAD, None).with_only_columns(OutboxEntry.id)
    return session.scalars(dead_ones.where(those).limit(limit)).all()


def drop_dead(session: Session, ids: Collection[str]) -> int:
    """One that somebody has replayed since is left."""
    gone = delete(OutboxEntry).where(OutboxEntry.id.in_(ids), OutboxEntry.state == State.DEAD)
    return cast("CursorResult[Any]", session.execute(gone)).rowcount


def replay(session: Session, ids: Collection[str], now: datetime) -> None:
    """From the beginning: all the time that a new one has."""
    session.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id.in_(ids))
        .values(state=State.PENDING, attempts=0, not_before=now, next_attempt_at=now, ended_at=None)
        .execution_options(synchronize_session=False)
    )


def prune_delivered(session: Session, before: datetime, limit: int = 500) -> int:
    old = (
        select(OutboxEntry.id)
        .where(OutboxEntry.state == State.DELIVERED, OutboxEntry.created_at < before)
        .order_by(OutboxEntry.created_at, OutboxEntry.id)
        .limit(limit)
    )
    pruned = session.execute(delete(OutboxEntry).where(OutboxEntry.id.in_(old)))
    return cast("CursorResult[Any]", pruned).rowcount


def waiting(session: Session, limit: int) -> Sequence[tuple[str, State, int, datetime]]:
    """By channel and state, pending or dead: how many of the oldest `limit` of the state, and since when."""
    oldest = [
        select(OutboxEntry.channel, OutboxEntry.state, OutboxEntry.created_at)
        .where(OutboxEntry.state == state)
        .order_by(OutboxEntry.created_at, OutboxEntry.id)
        .limit(limit)
        .subquery()
        for state in (State.PENDING, State.DEAD)
    ]
    rows: list[tuple[str, State, int, datetime]] = []
    for those in oldest:
        figures = select(those.c.channel, those.c.state, func.count(), func.min(those.c.created_at))
        rows += session.execute(figures.group_by(those.c.channel, those.c.state)).tuples()
    return rows


def _wanted(state: State | None, channel: str | None) -> Select[tuple[OutboxEntry]]:
    statement = select(OutboxEntry)
    if state is not None:
        statement = statement.where(OutboxEntry.state == state)
    return statement if channel is None else statement.where(OutboxEntry.channel == channel)
