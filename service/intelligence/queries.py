from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from service.intelligence.models import Draft


def prune_drafts(session: Session, before: datetime, *, limit: int = 500) -> int:
    """Delete at most `limit` drafts generated before a time; returns how many, 0 once none is left."""
    oldest = select(Draft.id).where(Draft.generated_at < before).order_by(Draft.generated_at).limit(limit)
    deleted = session.execute(
        delete(Draft).where(Draft.id.in_(oldest)), execution_options={"synchronize_session": False}
    )
    return cast("CursorResult[None]", deleted).rowcount
