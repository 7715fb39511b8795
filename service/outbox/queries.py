"""Statements of the outbox."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

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
from sqlalchemy.orm import Session

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

Line = tuple[str, str]
"""A target, and what it hears of in order."""


def any_due(session: Session, channel: str, now: datetime, busy: Collection[str]) -> bool:
    due = select(OutboxEntry.id).where(*_due(channel, now, busy)).limit(1)
    return session.scalar(due) is not None


def due(
    session: Session, channel: str, now: datetime, busy: Collection[str], limit: int
) -> Sequence[OutboxEntry]:
    """Those that wait longest, which are the caller's until the transaction ends."""
    those = select(OutboxEntry).where(*_due(channel, now, busy))
    ordered = those.order_by(OutboxEntry.next_attempt_at, OutboxEntry.position)
    return session.scalars(ordered.limit(limit).with_for_update(skip_locked=True)).all()


def heads(
    session: Session, channel: str, lines: Iterable[Line], now: datetime
) -> Mapping[Line, tuple[int, datetime]]:
    """Of each line the position that is next, and when it is tried.

    What waits for its hour holds nobody up.
    """
    first = (
        select(OutboxEntry.target, OutboxEntry.about, func.min(OutboxEntry.position).label("position"))
        .where(
            PENDING,
            OutboxEntry.channel == channel,
            tuple_(OutboxEntry.target, OutboxEntry.about).in_(list(lines)),
            _may_begin(now),
        )
        .group_by(OutboxEntry.target, OutboxEntry.about)
        .subquery()
    )
    found = select(
        OutboxEntry.target, OutboxEntry.about, OutboxEntry.position, OutboxEntry.next_attempt_at
    ).join(
        first,
        and_(
            OutboxEntry.channel == channel,
            OutboxEntry.target == first.c.target,
            OutboxEntry.position == first.c.position,
        ),
    )
    return {
        (target, about): (position, at) for target, about, position, at in session.execute(found).tuples()
    }


def call_next(session: Session, channel: str, lines: Iterable[Line], now: datetime) -> None:
    """Whoever is next in these lines, and has not been tried, is due."""
    next_ones = [
        (target, position) for (target, _), (position, _) in heads(session, channel, lines, now).items()
    ]
    if next_ones:
        session.execute(
            update(OutboxEntry)
            .where(
                PENDING,
                OutboxEntry.channel == channel,
                tuple_(OutboxEntry.target, OutboxEntry.position).in_(next_ones),
                OutboxEntry.attempts == 0,
                OutboxEntry.next_attempt_at > now,
            )
            .values(next_attempt_at=now)
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


def dead(session: Session, channel: str | None, limit: int) -> list[str]:
    """Ids, the oldest first, which are the caller's until the transaction ends."""
    those = _wanted(State.DEAD, channel).with_only_columns(OutboxEntry.id)
    oldest = those.order_by(OutboxEntry.created_at, OutboxEntry.id)
    return list(session.scalars(oldest.limit(limit).with_for_update(skip_locked=True)))


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
