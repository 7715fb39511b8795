"""Statements over kept promises."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, bindparam, delete, insert, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from service.among import Among
from service.sla.policies import Target
from service.sla.tracking.models import KeptTarget, Renewal, TrackingState
from service.tickets.models import Ticket
from service.writes import Write, write

THE_ROW = 1
FIRST = ""
"""Before all ids."""

_KEPT = select(KeptTarget).where(Among(KeptTarget.ticket_id, "ids"))

_WRITTEN = tuple(column.name for column in KeptTarget.__table__.columns if column.name != "id")
"""The database gives that."""

_ADD = Write.inserting(KeptTarget.__table__, _WRITTEN)

_NEWEST = union_all(
    *(
        select(
            select(
                KeptTarget.target,
                KeptTarget.policy_id,
                KeptTarget.status,
                KeptTarget.warn_at,
                KeptTarget.due_at,
                KeptTarget.breached_at,
                KeptTarget.met_at,
                KeptTarget.paused_since,
                KeptTarget.made_at,
            )
            .where(
                KeptTarget.ticket_id == bindparam("ticket_id"),
                KeptTarget.target == target,
                KeptTarget.policy_id.is_not(None),
            )
            .order_by(KeptTarget.cycle_at.desc())
            .limit(1)
            .subquery()
        )
        for target in Target
    )
)


def state(session: Session) -> TrackingState:
    """Held until the transaction ends: one at a time brings promises up to date."""
    row = session.get(TrackingState, THE_ROW, with_for_update=True)
    if row is None:
        row = TrackingState(id=THE_ROW, since=None, made_with="")
        session.add(row)
        session.flush()
    return row


def since(session: Session) -> datetime | None:
    """Nothing was promised before."""
    return session.scalar(select(TrackingState.since).where(TrackingState.id == THE_ROW))


def held_since(session: Session) -> datetime | None:
    return state(session).since


def made_with(session: Session) -> str | None:
    return session.scalar(select(TrackingState.made_with).where(TrackingState.id == THE_ROW))


def kept_of(session: Session, ticket_ids: Sequence[str]) -> Sequence[KeptTarget]:
    return session.scalars(_KEPT, {"ids": list(ticket_ids)}).all()


def add(session: Session, new: Sequence[KeptTarget]) -> None:
    """By one statement for all of them, and not as rows of the session, which takes several times as long."""
    write(session, _ADD, [{name: getattr(row, name) for name in _WRITTEN} for row in new])


def newest_kept(session: Session, ticket_id: str) -> Sequence[Row[Any]]:
    """Of each target the newest cycle under which something is promised."""
    return session.connection().execute(_NEWEST, {"ticket_id": ticket_id}).all()


def due(session: Session, now: datetime, limit: int) -> Sequence[str]:
    """Tickets of which something falls due, what fell due last first: no backlog keeps it waiting."""
    statement = (
        select(KeptTarget.ticket_id)
        .where(KeptTarget.next_check_at.is_not(None), KeptTarget.next_check_at <= now)
        .order_by(KeptTarget.next_check_at.desc())
        .limit(limit)
    )
    return list(dict.fromkeys(session.scalars(statement)))


def score(session: Session, scores: Mapping[str, float]) -> None:
    """No change by anybody: neither version nor time of the ticket moves, its rank does, with the flush."""
    if not scores:
        return
    those = select(Ticket).where(Ticket.id.in_(scores)).order_by(Ticket.id).with_for_update()
    for ticket in session.scalars(those):
        ticket.service_level_score = scores[ticket.id]
    session.flush()


# ---------------------------------------------------------------- renewals


def first_renewals(session: Session, limit: int) -> Sequence[Renewal]:
    """Those of tickets, up to the first of many that is of more."""
    renewals = session.scalars(select(Renewal).order_by(Renewal.id).limit(limit)).all()
    of_tickets = list(takewhile(lambda renewal: renewal.ticket_id is not None, renewals))
    return of_tickets or renewals[:1]


def renew_tickets(session: Session, ticket_ids: Sequence[str]) -> None:
    rows = [{"ticket_id": ticket_id, "after_id": FIRST} for ticket_id in ticket_ids]
    session.execute(insert(Renewal), rows)


def renew(session: Session, policy_id: str | None) -> None:
    """Of all open tickets, or of those under a policy. What is part of it is not done twice."""
    covered = delete(Renewal).where(Renewal.ticket_id.is_(None))
    if policy_id is not None:
        covered = covered.where(Renewal.policy_id == policy_id)
    session.execute(covered, execution_options={"synchronize_session": False})
    session.execute(insert(Renewal).values(policy_id=policy_id, after_id=FIRST))


def next_under(session: Session, policy_id: str, after_id: str, limit: int) -> Sequence[str]:
    statement = (
        select(KeptTarget.ticket_id)
        .where(
            KeptTarget.policy_id == policy_id,
            KeptTarget.met_at.is_(None),
            KeptTarget.ticket_id > after_id,
        )
        .distinct()
        .order_by(KeptTarget.ticket_id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def next_open(session: Session, status: str, after: tuple[datetime, str] | None, limit: int) -> Sequence[Any]:
    statement = (
        select(Ticket.id, Ticket.created_at)
        .where(Ticket.status == status, Ticket.deleted_at.is_(None))
        .order_by(Ticket.created_at, Ticket.id)
        .limit(limit)
    )
    if after is not None:
        place = tuple_(literal(after[0], Ticket.created_at.type), literal(after[1]))
        statement = statement.where(tuple_(Ticket.created_at, Ticket.id) > place)
    return session.execute(statement).all()
