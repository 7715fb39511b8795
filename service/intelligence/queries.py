from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from service.intelligence.models import Draft, StoredRecommendation


def prune_drafts(session: Session, before: datetime, *, limit: int = 500) -> int:
    """Delete at most `limit` drafts generated before a time; returns how many, 0 once none is left."""
    oldest = select(Draft.id).where(Draft.generated_at < before).order_by(Draft.generated_at).limit(limit)
    deleted = session.execute(
        delete(Draft).where(Draft.id.in_(oldest)), execution_options={"synchronize_session": False}
    )
    return cast("CursorResult[None]", deleted).rowcount


def sticky_draft(session: Session, ticket_id: str, conversation_version: int) -> Draft | None:
    """The newest draft that a regenerate made for the conversation as it stands."""
    statement = (
        select(Draft)
        .where(
            Draft.ticket_id == ticket_id,
            Draft.conversation_version == conversation_version,
            Draft.sticky,
        )
        .order_by(Draft.generated_at.desc(), Draft.id)
        .limit(1)
    )
    return session.scalar(statement)


def last_recommendations(session: Session, ticket_id: str) -> Sequence[StoredRecommendation]:
    """The newest two, newest first, held until the transaction ends."""
    statement = (
        select(StoredRecommendation)
        .where(StoredRecommendation.ticket_id == ticket_id)
        .order_by(StoredRecommendation.created_at.desc(), StoredRecommendation.id)
        .limit(2)
    )
    return session.scalars(statement.with_for_update()).all()


def latest_recommendation(
    session: Session, ticket_id: str, *, for_change: bool = False
) -> StoredRecommendation | None:
    statement = (
        select(StoredRecommendation)
        .where(StoredRecommendation.ticket_id == ticket_id)
        .order_by(StoredRecommendation.created_at.desc(), StoredRecommendation.id)
        .limit(1)
    )
    return session.scalar(statement.with_for_update() if for_change else statement)
