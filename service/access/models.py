from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json

DIGEST = String(64)
"""A SHA-256 in hexadecimal: of what is random, so that nothing slower is needed."""


class Credential(Base):
    """The password of an agent who has one; `password_hash` tells its own parameters."""

    __tablename__ = "credentials"

    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[datetime]


class StoredSession(Base):
    """One sign-in and all tokens that come of it. `ended_because` is null while it goes on."""

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(String(20))

    __table_args__ = (
        Index("ix_sessions_agent_id", "agent_id"),
        Index("ix_sessions_expires_at", "expires_at"),
    )


class RefreshToken(Base):
    """Good for one use; a used one is kept, so that its second use is noticed."""

    __tablename__ = "refresh_tokens"

    sha256: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_refresh_tokens_session_id", "session_id"),)


class Invitation(Base):
    """Lets an agent set a password, once. An agent has one at most: a new one takes the place of the old."""

    __tablename__ = "invitations"

    agent_id: Mapped[str] = mapped_column(ForeignKey("agents.id"), primary_key=True)
    sha256: Mapped[str] = mapped_column(DIGEST, unique=True)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiKey(Base):
    """A key of a REST client; only its hash is here, and `prefix`, by which people tell it from others.

    `origins` are empty but for a key meant for browsers. What is revoked stays, and so does its name.
    """

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    prefix: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(DIGEST, unique=True)
    scopes: Mapped[list[str]] = mapped_column(Json)
    origins: Mapped[list[str]] = mapped_column(Json)
    expires_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_api_keys_created_at_id", "created_at", "id"),)
