"""Statements over kept answers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.http.models import IdempotencyKey

_UNSYNCHRONISED: Mapping[str, Any] = {"synchronize_session": False}


def standing_key(session: Session, scope: str, key: str, now: datetime) -> IdempotencyKey | None:
    """The key's row where it is answered or in flight: neither expired nor left by a crash."""
    return session.scalar(select(IdempotencyKey).where(_is(scope, key), ~_is_free(now)))


def reserve_key(
    session: Session,
    scope: str,
    key: str,
    *,
    request_hash: str,
    now: datetime,
    locked_until: datetime,
    expires_at: datetime,
) -> bool:
    """False where somebody else has it, also when several try at once."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    anew: dict[str, Any] = {
        "request_hash": request_hash,
        "locked_until": locked_until,
        "status": None,
        "response_headers": None,
        "response_body": None,
        "customer_id": None,
        "created_at": now,
        "expires_at": expires_at,
    }
    statement = dialect.insert(IdempotencyKey).values(scope=scope, key=key, **anew)
    taken_over = statement.on_conflict_do_update(
        index_elements=["scope", "key"],
        set_={name: statement.excluded[name] for name in anew},
        where=_is_free(now),
    )
    return session.execute(taken_over.returning(IdempotencyKey.key)).first() is not None


def keep_answer(
    session: Session, scope: str, key: str, *, locked_until: datetime, answer: Mapping[str, Any]
) -> bool:
    """False where the reservation is another's by now. `locked_until` tells whose: no two of a key agree."""
    kept = session.execute(
        update(IdempotencyKey).where(_is(scope, key), _is_reserved(locked_until)).values(**answer),
        execution_options=_UNSYNCHRONISED,
    )
    return cast("CursorResult[None]", kept).rowcount == 1


def free_key(session: Session, scope: str, key: str, *, locked_until: datetime) -> None:
    """Unless it was answered, or is another's by now."""
    session.execute(
        delete(IdempotencyKey).where(_is(scope, key), _is_reserved(locked_until)),
        execution_options=_UNSYNCHRONISED,
    )


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
        execution_options=_UNSYNCHRONISED,
    )
    return cast("CursorResult[None]", deleted).rowcount


def _is(scope: str, key: str) -> ColumnElement[bool]:
    return and_(IdempotencyKey.scope == scope, IdempotencyKey.key == key)


def _is_reserved(locked_until: datetime) -> ColumnElement[bool]:
    return and_(IdempotencyKey.status.is_(None), IdempotencyKey.locked_until == locked_until)


def _is_free(now: datetime) -> ColumnElement[bool]:
    left = and_(IdempotencyKey.status.is_(None), IdempotencyKey.locked_until <= now)
    return or_(IdempotencyKey.expires_at <= now, left)
