"""Statements over the tickets that open streams."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.streams.models import UsedStreamTicket

PRUNED_AT_ONCE = 500


def use(session: Session, ticket_id: str, expires_at: datetime) -> bool:
    """False where it was used before."""
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    used = (
        kind(UsedStreamTicket)
        .values(id=ticket_id, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(UsedStreamTicket.id)
    )
    return session.scalar(used) is not None


def prune_used(session: Session, before: datetime) -> int:
    """A bounded number of those that were over by then; returns how many."""
    over = (
        select(UsedStreamTicket.id)
        .where(UsedStreamTicket.expires_at < before)
        .order_by(UsedStreamTicket.expires_at)
        .limit(PRUNED_AT_ONCE)
    )
    ids = session.scalars(over).all()
    if ids:
        session.execute(
            delete(UsedStreamTicket).where(UsedStreamTicket.id.in_(ids)),
            execution_options={"synchronize_session": False},
        )
    return len(ids)
