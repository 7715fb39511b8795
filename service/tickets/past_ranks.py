"""Where tickets stood in the inbox at a moment: for walks along it that no change of a rank disturbs.

Whoever changes a rank leaves the one before. A walk goes by the ranks of the moment when it began: those
which were left first by changes that were committed later, and the present ones of all other tickets.

A moment is what had been committed, not a time of day: changes are timed before they are seen. On PostgreSQL
a change is numbered by its transaction, and a moment is a snapshot of these; on SQLite, which has one writer
at a time, by the rows themselves. Numbers that mean nothing, as after a restore into another server, do no
harm: a ticket has one place at any moment, whatever moment that is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Subquery,
    and_,
    delete,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from service.tickets.models import PastRank, Ticket

KEPT = timedelta(hours=1)
"""How long a walk may take."""

PRUNED_LATER = timedelta(minutes=10)
"""So that clocks may differ by that much, and a transaction take as long."""

MOST_CHANGES = 20_000
"""That a walk looks past. A page reads them all."""

EVERY_TICKET = ""
CHANGE = cast("ColumnElement[int]", PastRank.change)

_ROWS = PastRank.__table__
_NUMBERS: dict[str, ColumnElement[int]] = {
    "postgresql": func.txid_current(),
    "sqlite": select(func.coalesce(func.max(PastRank.change), 0) + 1).scalar_subquery(),
}
_INSERTS = {
    dialect: insert(_ROWS).inline().values(change=number)  # type: ignore[arg-type]  # a table, for the stubs a FromClause
    for dialect, number in _NUMBERS.items()
}


@dataclass(frozen=True, slots=True)
class Moment:
    """All changes below `next` had been committed, but those in `open`."""

    next: int
    open: tuple[int, ...] = ()

    def is_before(self, change: ColumnElement[int]) -> ColumnElement[bool]:
        """Whether that change was not committed by then."""
        if not self.open:
            return change >= self.next
        return and_(change >= min(self.open), or_(change >= self.next, change.in_(self.open)))

    def moved(self) -> "Moved":
        return Moved(self)

    def changes(self, session: Session) -> "Changes":
        some = select(PastRank.ticket_id).where(self.is_before(CHANGE)).limit(MOST_CHANGES + 1).subquery()
        count, least = session.execute(select(func.count(), func.min(some.c.ticket_id))).one()
        return Changes(any=count > 0, too_many=count > MOST_CHANGES or least == EVERY_TICKET)


@dataclass(frozen=True, slots=True)
class Moved:
    """The tickets whose ranks are others than at a moment.

    Whatever is asked of one ticket is a look at it alone, by the index of tickets: sums leave no other to be
    chosen, and no planner makes a join of it. Nor does PostgreSQL take it for rare, as it would what is asked
    to be null: it would leave the index that is in order, and sort all tickets.
    """

    moment: Moment

    def stays(self, ticket_id: Any) -> ColumnElement[bool]:
        """Whether a ticket is none of them."""
        return self._none(PastRank.ticket_id == ticket_id)

    def left(self) -> Subquery:
        """`ticket_id`, `waiting`, `inbox_rank` and `sequence`; of a ticket maybe several."""
        rows = select(PastRank.ticket_id, PastRank.waiting, PastRank.inbox_rank, PastRank.sequence)
        return rows.where(self.moment.is_before(CHANGE)).subquery()

    def is_first(self, ticket_id: Any, sequence: Any) -> ColumnElement[bool]:
        """Whether that is what was left first of the ticket: its rank at the moment."""
        return self._none(PastRank.ticket_id == ticket_id, PastRank.sequence + 0 < sequence)

    def ranks(self) -> Subquery:
        """`ticket_id`, `waiting` and `inbox_rank` as they were, once for each ticket."""
        first = select(func.min(PastRank.sequence)).where(self.moment.is_before(CHANGE))
        first = first.group_by(PastRank.ticket_id)
        rows = select(PastRank.ticket_id, PastRank.waiting, PastRank.inbox_rank)
        return rows.where(PastRank.sequence.in_(first)).subquery()

    def _none(self, *those: ColumnElement[bool]) -> ColumnElement[bool]:
        some = select(true()).where(*those, self.moment.is_before(CHANGE + 0)).limit(1)
        return not_(func.coalesce(some.scalar_subquery(), false()))


@dataclass(frozen=True, slots=True)
class Changes:
    """`too_many`: more than a walk looks past, or the ranks of all tickets were made anew."""

    any: bool
    too_many: bool


def present(session: Session) -> Moment:
    """What is read from now on may be newer."""
    if session.get_bind().dialect.name == "sqlite":
        return Moment(session.execute(select(_NUMBERS["sqlite"])).scalar_one())
    _, following, under_way = str(session.scalar(select(func.txid_current_snapshot()))).split(":")
    return Moment(int(following), tuple(int(number) for number in under_way.split(",") if number))


def leave(session: Session, tickets: Sequence[tuple[str, bool, float]], at: datetime) -> None:
    """The ranks that tickets had until now: each with its id and whether it waited."""
    rows = [
        {"ticket_id": ticket_id, "waiting": waiting, "inbox_rank": rank, "at": at}
        for ticket_id, waiting, rank in tickets
    ]
    if rows:
        connection = session.connection()
        one_or_all = rows[0] if len(rows) == 1 else rows  # the driver's way for many takes longer for one
        connection.execute(_INSERTS[connection.dialect.name], one_or_all)


def leave_all(session: Session, at: datetime) -> None:
    """Instead of the ranks of all tickets: no walk that has begun goes on."""
    leave(session, [(EVERY_TICKET, False, 0.0)], at)


def prune(session: Session, before: datetime, *, limit: int = 5_000) -> int:
    """Delete at most `limit` that were left before a time; returns how many, 0 once none is left.

    The last one of all stays: the next change is numbered after it.
    """
    last = select(func.max(PastRank.sequence)).scalar_subquery()
    oldest = select(PastRank.sequence).where(PastRank.at < before, PastRank.sequence < last)
    oldest = oldest.order_by(PastRank.sequence).limit(limit)
    deleted = session.execute(
        delete(PastRank).where(PastRank.sequence.in_(oldest)),
        execution_options={"synchronize_session": False},
    )
    return cast("CursorResult[Any]", deleted).rowcount


def place_of(ticket: Ticket) -> tuple[str, bool, float]:
    return ticket.id, ticket.waiting, ticket.inbox_rank
