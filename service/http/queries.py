from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, delete, select, tuple_
from sqlalchemy.orm import Session

from service.http.models import IdempotencyKey


def prune_idempotency_keys(session: Session, before: datetime, *, limit: int = 500) -> int:
    """Delete at most `limit` keys that expired before a time; returns how many, 0 once none is left."""
    oldest = (
        select(IdempotencyKey.scope, IdempotencyKey.key)
        .where(IdempotencyKey.expires_at < before)
        .order_by(IdempotencyKey.expires_at)
        .limit(limit)
    )
    deleted = session.execute(
        delete(IdempotencyKey).where(tuple_(IdempotencyKey.scope, IdempotencyKey.key).in_(oldest)),
        execution_options={"synchronize_session": False},
    )
    return cast("CursorResult[None]", deleted).rowcount
