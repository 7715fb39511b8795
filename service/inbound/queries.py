"""Statements over the webhooks that come in."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.http.pagination import Page
from service.inbound.models import InboundWebhook

UNSYNCHRONISED = {"synchronize_session": False}
USES_WRITTEN_EVERY = timedelta(minutes=1)


def source(session: Session, source_id: str) -> InboundWebhook | None:
    return session.get(InboundWebhook, source_id)


def held_source(session: Session, source_id: str) -> InboundWebhook | None:
    """Until the transaction ends."""
    return session.scalar(select(InboundWebhook).where(InboundWebhook.id == source_id).with_for_update())


def insert_source(session: Session, **values: object) -> InboundWebhook | None:
    """None where the name is taken."""
    kind = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = kind(InboundWebhook).values(**values).on_conflict_do_nothing(index_elements=["name"])
    made: InboundWebhook | None = session.scalar(statement.returning(InboundWebhook))
    return made


def sources_page(session: Session, page: Page) -> Sequence[InboundWebhook]:
    """The newest first; one row more than the page has, where there is a next one."""
    statement = select(InboundWebhook).order_by(InboundWebhook.created_at.desc(), InboundWebhook.id.desc())
    if page.cursor:
        last = (page.cursor.at, page.cursor.id)
        statement = statement.where(tuple_(InboundWebhook.created_at, InboundWebhook.id) < last)
    return session.scalars(statement.limit(page.limit + 1).offset(page.offset)).all()


def count_sources(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(InboundWebhook)) or 0


def delete_source(session: Session, source_id: str) -> bool:
    gone = delete(InboundWebhook).where(InboundWebhook.id == source_id).returning(InboundWebhook.id)
    return session.scalar(gone, execution_options=UNSYNCHRONISED) is not None


def note_use(session: Session, source_id: str, at: datetime) -> None:
    """To the minute, so that many at once do not wait for one row."""
    last = InboundWebhook.last_used_at
    session.execute(
        update(InboundWebhook)
        .where(InboundWebhook.id == source_id, or_(last.is_(None), last < at - USES_WRITTEN_EVERY))
        .values(last_used_at=at),
        execution_options=UNSYNCHRONISED,
    )
