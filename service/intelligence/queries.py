from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Row, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.intelligence.models import Draft, DraftCounter, DraftOutcome, StoredRecommendation

COUNTED = ("generated", "verbatim", "edited", "set_aside", "edited_share_sum")


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


def undecided_draft(session: Session, draft_id: str, ticket_id: str) -> Draft | None:
    """The ticket's draft of which nothing became yet, held until the transaction ends."""
    statement = select(Draft).where(
        Draft.id == draft_id, Draft.ticket_id == ticket_id, Draft.outcome == DraftOutcome.UNUSED
    )
    return session.scalar(statement.with_for_update())


def count_draft(
    session: Session, day: date, provider: str, tone: str, *, shard: int, changes: dict[str, float]
) -> None:
    """Add each of `changes` to the counter of its name."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(DraftCounter).values(
        day=day, provider=provider, tone=tone, shard=shard, **dict.fromkeys(COUNTED, 0) | changes
    )
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["day", "provider", "tone", "shard"],
            set_={name: getattr(DraftCounter, name) + statement.excluded[name] for name in changes},
        )
    )


def counted_drafts(
    session: Session, since: date, until: date, *, provider: str | None, tone: str | None
) -> Sequence[Row[Any]]:
    """Of the days from `since` to the one before `until`: provider, tone, and the sum of each counter."""
    sums = (func.sum(getattr(DraftCounter, name)).label(name) for name in COUNTED)
    statement = select(DraftCounter.provider, DraftCounter.tone, *sums).where(
        DraftCounter.day >= since, DraftCounter.day < until
    )
    for column, wanted in ((DraftCounter.provider, provider), (DraftCounter.tone, tone)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    grouped = statement.group_by(DraftCounter.provider, DraftCounter.tone)
    return session.execute(grouped.order_by(DraftCounter.provider, DraftCounter.tone)).all()
