"""Statements over passwords, sessions and their tokens, and API keys."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.access.models import ApiKey, Credential, Invitation, RefreshToken, StoredSession
from service.http.pagination import Page

UNSYNCHRONISED = {"synchronize_session": False}
PRUNED_AT_ONCE = 500


# ---------------------------------------------------------------- passwords


def password_hash(session: Session, agent_id: str) -> str | None:
    return session.scalar(select(Credential.password_hash).where(Credential.agent_id == agent_id))


def passwords(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Credential)) or 0


def keep_password(session: Session, agent_id: str, hashed: str, at: datetime) -> None:
    values = {"password_hash": hashed, "changed_at": at}
    statement = _dialect(session).insert(Credential).values(agent_id=agent_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["agent_id"], set_=values))


def renew_hash(session: Session, agent_id: str, *, old: str, new: str) -> None:
    """Of the same password: not where it has been changed meanwhile."""
    session.execute(
        update(Credential)
        .where(Credential.agent_id == agent_id, Credential.password_hash == old)
        .values(password_hash=new),
        execution_options=UNSYNCHRONISED,
    )


def keep_invitation(session: Session, agent_id: str, **values: Any) -> None:
    """In the place of the one that the agent has."""
    statement = _dialect(session).insert(Invitation).values(agent_id=agent_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["agent_id"], set_=values))


def invited(session: Session, sha256: str, now: datetime) -> str | None:
    """Whom the invitation is for, if it is good."""
    statement = select(Invitation.agent_id).where(Invitation.sha256 == sha256, Invitation.expires_at > now)
    return session.scalar(statement)


def take_invitation(session: Session, sha256: str) -> bool:
    """False where another has taken it."""
    statement = delete(Invitation).where(Invitation.sha256 == sha256).returning(Invitation.agent_id)
    return session.scalar(statement, execution_options=UNSYNCHRONISED) is not None


# ---------------------------------------------------------------- sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A session that has not ended, nor reached its end."""

    id: str
    agent_id: str
    expires_at: datetime


_GOING = select(StoredSession.agent_id, StoredSession.expires_at).where(
    StoredSession.id == bindparam("id"),
    StoredSession.ended_at.is_(None),
    StoredSession.expires_at > bindparam("now"),
)


def going(session: Session, session_id: str, now: datetime) -> Going | None:
    row = session.execute(_GOING, {"id": session_id, "now": now}).one_or_none()
    return Going(id=session_id, agent_id=row.agent_id, expires_at=row.expires_at) if row else None


def sessions_going(session: Session, session_ids: Collection[str], now: datetime) -> frozenset[str]:
    """Those of them that go on."""
    statement = select(StoredSession.id).where(
        StoredSession.id.in_(session_ids), StoredSession.ended_at.is_(None), StoredSession.expires_at > now
    )
    return frozenset(session.scalars(statement))


def start_session(session: Session, **values: Any) -> None:
    session.execute(insert(StoredSession).values(**values))


def end_session(session: Session, session_id: str, *, because: str, at: datetime) -> str | None:
    """The agent whose it was; None where it had ended."""
    return session.scalar(
        update(StoredSession)
        .where(StoredSession.id == session_id, StoredSession.ended_at.is_(None))
        .values(ended_at=at, ended_because=because)
        .returning(StoredSession.agent_id),
        execution_options=UNSYNCHRONISED,
    )


def end_sessions_of(session: Session, agent_id: str, *, because: str, at: datetime) -> None:
    session.execute(
        update(StoredSession)
        .where(StoredSession.agent_id == agent_id, StoredSession.ended_at.is_(None))
        .values(ended_at=at, ended_because=because),
        execution_options=UNSYNCHRONISED,
    )


def keep_refresh_token(session: Session, **values: Any) -> None:
    session.execute(insert(RefreshToken).values(**values))


def use_refresh_token(session: Session, sha256: str, now: datetime) -> Row[tuple[str, datetime]] | None:
    """Its `session_id` and `expires_at`, for the first who uses it and for nobody after."""
    return session.execute(
        update(RefreshToken)
        .where(RefreshToken.sha256 == sha256, RefreshToken.used_at.is_(None))
        .values(used_at=now)
        .returning(RefreshToken.session_id, RefreshToken.expires_at),
        execution_options=UNSYNCHRONISED,
    ).one_or_none()


def session_of_token(session: Session, sha256: str) -> str | None:
    return session.scalar(select(RefreshToken.session_id).where(RefreshToken.sha256 == sha256))


def prune_sessions(session: Session, before: datetime) -> int:
    """A bounded number of those that were over by then, with their tokens; returns how many."""
    over = (
        select(StoredSession.id)
        .where(StoredSession.expires_at < before)
        .order_by(StoredSession.expires_at)
        .limit(PRUNED_AT_ONCE)
    )
    ids = session.scalars(over).all()
    if ids:
        session.execute(
            delete(RefreshToken).where(RefreshToken.session_id.in_(ids)), execution_options=UNSYNCHRONISED
        )
        session.execute(
            delete(StoredSession).where(StoredSession.id.in_(ids)), execution_options=UNSYNCHRONISED
        )
    return len(ids)


# ---------------------------------------------------------------- API keys

_GOOD_KEYS = select(
    ApiKey.id, ApiKey.name, ApiKey.sha256, ApiKey.scopes, ApiKey.origins, ApiKey.expires_at
).where(
    ApiKey.revoked_at.is_(None),
    or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > bindparam("now")),
)
_KNOWN_KEY = _GOOD_KEYS.where(ApiKey.sha256 == bindparam("sha256"))


def known_key(session: Session, sha256: str, now: datetime) -> Row[Any] | None:
    """One that is neither revoked nor expired."""
    return session.connection().execute(_KNOWN_KEY, {"sha256": sha256, "now": now}).one_or_none()


def keys_among(session: Session, key_ids: Collection[str], now: datetime) -> Sequence[Row[Any]]:
    """Those of them that are neither revoked nor expired."""
    return session.execute(_GOOD_KEYS.where(ApiKey.id.in_(key_ids)), {"now": now}).all()


def insert_key(session: Session, **values: Any) -> ApiKey | None:
    """None where the name is taken."""
    statement = (
        _dialect(session).insert(ApiKey).values(**values).on_conflict_do_nothing(index_elements=["name"])
    )
    made: ApiKey | None = session.scalar(statement.returning(ApiKey))
    return made


def held_key(session: Session, key_id: str) -> ApiKey | None:
    """Until the transaction ends."""
    return session.scalar(select(ApiKey).where(ApiKey.id == key_id).with_for_update())


def key(session: Session, key_id: str) -> ApiKey | None:
    return session.get(ApiKey, key_id)


def key_named(session: Session, name: str) -> ApiKey | None:
    return session.scalar(select(ApiKey).where(ApiKey.name == name))


def keys_page(session: Session, page: Page) -> Sequence[ApiKey]:
    """The newest first; one row more than the page has, where there is a next one."""
    statement = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id.desc())
    if page.cursor:
        last = (page.cursor.at, page.cursor.id)
        statement = statement.where(tuple_(ApiKey.created_at, ApiKey.id) < last)
    return session.scalars(statement.limit(page.limit + 1).offset(page.offset)).all()


def count_keys(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ApiKey)) or 0


def living_keys(session: Session) -> int:
    statement = select(func.count()).select_from(ApiKey).where(ApiKey.revoked_at.is_(None))
    return session.scalar(statement) or 0


def note_uses(session: Session, uses: Mapping[str, datetime]) -> None:
    """Never back in time: another process may have written a later use."""
    for key_id, at in sorted(uses.items()):
        session.execute(
            update(ApiKey)
            .where(ApiKey.id == key_id, or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < at))
            .values(last_used_at=at),
            execution_options=UNSYNCHRONISED,
        )


def _dialect(session: Session) -> ModuleType:
    return postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
