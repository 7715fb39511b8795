"""Statements over the entries of the audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from service.events import AUDITED, StoredEvent
from service.http.pagination import Cursor

COUNTED_EXACTLY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """`after` and `before` are times of the entry, the first included and the other not."""

    type: str | None = None
    actor: str | None = None
    subject: str | None = None
    after: datetime | None = None
    before: datetime | None = None

    def apply(self, statement: Select[tuple[StoredEvent]]) -> Select[tuple[StoredEvent]]:
        for column, wanted in (
            (StoredEvent.type, self.type),
            (StoredEvent.actor, self.actor),
            (StoredEvent.subject_id, self.subject),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if self.after is not None:
            statement = statement.where(StoredEvent.at >= self.after)
        if self.before is not None:
            statement = statement.where(StoredEvent.at < self.before)
        return statement


def entries(
    session: Session, wanted: AuditFilter, *, beyond: Cursor | None, limit: int, offset: int = 0
) -> Sequence[StoredEvent]:
    """Newest first."""
    statement = wanted.apply(select(StoredEvent).where(AUDITED))
    if beyond is not None:
        last = tuple_(literal(beyond.at, StoredEvent.at.type), literal(beyond.number))
        statement = statement.where(tuple_(StoredEvent.at, StoredEvent.id) < last)
    statement = statement.order_by(StoredEvent.at.desc(), StoredEvent.id.desc())
    return session.scalars(statement.limit(limit).offset(offset)).all()


def count(session: Session, wanted: AuditFilter) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    all_of_them = wanted.apply(select(StoredEvent).where(AUDITED))
    some = all_of_them.with_only_columns(literal(1), maintain_column_froms=True)
    found = session.scalar(select(func.count()).select_from(some.limit(COUNTED_EXACTLY + 1).subquery())) or 0
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY
