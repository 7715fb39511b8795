"""Which process runs a named job: a row per job, taken by one compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import String, bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.columns import Base, UtcDateTime


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


_ROW: Any = JobLease.__table__
_TIMES = select(_ROW.c.name, _ROW.c.due_at, _ROW.c.leased_until)
_AT, _UNTIL = bindparam("at", type_=UtcDateTime()), bindparam("until", type_=UtcDateTime())
_TAKE = (
    update(_ROW)
    .where(_ROW.c.name == bindparam("job"), or_(_ROW.c.leased_until.is_(None), _ROW.c.leased_until <= _AT))
    .values(holder=bindparam("by"), leased_until=_UNTIL, last_started_at=_AT)
)
_TAKE_WHAT_IS_DUE = _TAKE.where(_ROW.c.due_at <= _AT)
_GIVE_BACK = (
    update(_ROW)
    .where(_ROW.c.name == bindparam("job"), _ROW.c.holder == bindparam("by"))
    .values(
        holder=None,
        leased_until=None,
        last_finished_at=_AT,
        last_failure=bindparam("failure"),
        due_at=bindparam("next", type_=UtcDateTime()),
    )
)


def read_all(session: Session) -> Sequence[JobLease]:
    return session.scalars(select(JobLease)).all()


def times(session: Session) -> dict[str, tuple[datetime, datetime | None]]:
    """By name: when it is due, and until when somebody has it."""
    rows = session.connection().execute(_TIMES)
    return {name: (due_at, leased_until) for name, due_at, leased_until in rows}


def add_missing(session: Session, name: str, due_at: datetime) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(JobLease).values(name=name, due_at=due_at).on_conflict_do_nothing())


def take(session: Session, name: str, holder: str, *, now: datetime, until: datetime, due: bool) -> bool:
    """Whether the job is now `holder`'s. `due`: only where its time has come."""
    values = {"job": name, "by": holder, "at": now, "until": until}
    taken = session.connection().execute(_TAKE_WHAT_IS_DUE if due else _TAKE, values)
    return taken.rowcount == 1


def give_back(
    session: Session, name: str, holder: str, *, now: datetime, due_at: datetime, failure: str | None
) -> bool:
    """False where the lease ran out meanwhile and is another's: then its row is left alone."""
    values = {"job": name, "by": holder, "at": now, "failure": failure, "next": due_at}
    return session.connection().execute(_GIVE_BACK, values).rowcount == 1
