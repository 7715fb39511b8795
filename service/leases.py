"""Which process runs a named job: a row per job, taken by one compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Result, String, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.columns import Base


class JobLease(Base):
    """`last_failure` is the class of the error, None where the last run went well."""

    __tablename__ = "job_leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    due_at: Mapped[datetime]
    holder: Mapped[str | None] = mapped_column(String(200))
    leased_until: Mapped[datetime | None]
    last_started_at: Mapped[datetime | None]
    last_finished_at: Mapped[datetime | None]
    last_failure: Mapped[str | None] = mapped_column(String(200))


def read_all(session: Session) -> Sequence[JobLease]:
    return session.scalars(select(JobLease)).all()


def times(session: Session) -> dict[str, tuple[datetime, datetime | None]]:
    """By name: when it is due, and until when somebody has it."""
    rows = session.execute(select(JobLease.name, JobLease.due_at, JobLease.leased_until))
    return {name: (due_at, leased_until) for name, due_at, leased_until in rows}


def add_missing(session: Session, name: str, due_at: datetime) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(JobLease).values(name=name, due_at=due_at).on_conflict_do_nothing())


def take(session: Session, name: str, holder: str, *, now: datetime, until: datetime, due: bool) -> bool:
    """Whether the job is now `holder`'s. `due`: only where its time has come."""
    free: list[ColumnElement[bool]] = [or_(JobLease.leased_until.is_(None), JobLease.leased_until <= now)]
    if due:
        free.append(JobLease.due_at <= now)
    taken = session.execute(
        update(JobLease)
        .where(JobLease.name == name, *free)
        .values(holder=holder, leased_until=until, last_started_at=now)
    )
    return _changed(taken) == 1


def give_back(
    session: Session, name: str, holder: str, *, now: datetime, due_at: datetime, failure: str | None
) -> bool:
    """False where the lease ran out meanwhile and is another's: then its row is left alone."""
    given = session.execute(
        update(JobLease)
        .where(JobLease.name == name, JobLease.holder == holder)
        .values(holder=None, leased_until=None, last_finished_at=now, last_failure=failure, due_at=due_at)
    )
    return _changed(given) == 1


def _changed(result: Result[Any]) -> int:
    return cast("CursorResult[Any]", result).rowcount
