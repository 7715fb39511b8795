"""Statements over the toggles, their history, and what the processes tell."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, literal, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.events import OF_PROVIDERS, StoredEvent
from service.http.pagination import Page
from service.provider_control.models import THE_ROW, ProcessHeartbeat, ProviderToggles

COUNTED_EXACTLY = 1_000


def stored_toggles(session: Session) -> ProviderToggles | None:
    return session.get(ProviderToggles, THE_ROW)


def held_toggles(session: Session, configured: Sequence[str]) -> ProviderToggles:
    """The row, made where there is none, and nobody else's until the transaction ends."""
    names = list(configured)
    session.execute(
        _insert(session)(ProviderToggles)
        .values(id=THE_ROW, version=0, configured=names, order=names, disabled=[], circuit_resets={})
        .on_conflict_do_nothing()
    )
    return session.scalars(
        select(ProviderToggles).with_for_update().execution_options(populate_existing=True)
    ).one()


def history_page(session: Session, page: Page) -> Sequence[StoredEvent]:
    """Newest first; one row more than the page has, where there is a next one."""
    statement = select(StoredEvent).where(OF_PROVIDERS)
    if page.cursor:
        last = tuple_(literal(page.cursor.at, StoredEvent.at.type), literal(page.cursor.number))
        statement = statement.where(tuple_(StoredEvent.at, StoredEvent.id) < last)
    statement = statement.order_by(StoredEvent.at.desc(), StoredEvent.id.desc())
    return session.scalars(statement.limit(page.limit + 1).offset(page.offset)).all()


def count_history(session: Session) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    some = select(literal(1)).select_from(StoredEvent).where(OF_PROVIDERS).limit(COUNTED_EXACTLY + 1)
    found = session.scalar(select(func.count()).select_from(some.subquery())) or 0
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY


def put_heartbeat(session: Session, values: dict[str, object]) -> None:
    session.execute(
        _insert(session)(ProcessHeartbeat)
        .values(values)
        .on_conflict_do_update(index_elements=["id"], set_={"at": values["at"], "report": values["report"]})
    )


def heartbeats_since(session: Session, since: datetime) -> Sequence[ProcessHeartbeat]:
    """Oldest process first."""
    return session.scalars(
        select(ProcessHeartbeat)
        .where(ProcessHeartbeat.at >= since)
        .order_by(ProcessHeartbeat.started_at, ProcessHeartbeat.id)
    ).all()


def prune_heartbeats(session: Session, before: datetime) -> None:
    session.execute(delete(ProcessHeartbeat).where(ProcessHeartbeat.at < before))


def _insert(session: Session) -> type[postgresql.Insert] | type[sqlite.Insert]:
    return postgresql.Insert if session.get_bind().dialect.name == "postgresql" else sqlite.Insert
