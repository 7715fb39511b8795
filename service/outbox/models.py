from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json, short_enum

CHANNEL_LENGTH = 40
TARGET_LENGTH = 200
REASON_LENGTH = 200
PENDING = text("state = 'pending'")
"""A literal, not a parameter: only so can a database tell that it may use the partial index."""


class State(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


class OutboxEntry(Base):
    """One event for one target. What it says is read from the event.

    `about` is its ticket, or else the subject: in the order of such a line each target hears.
    `next_attempt_at` is moved past the lease when one begins, so that a dead process's is due again.
    """

    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    ticket_id: Mapped[str | None] = mapped_column(Identifier)
    about: Mapped[str] = mapped_column(Identifier)
    channel: Mapped[str] = mapped_column(String(CHANNEL_LENGTH))
    target: Mapped[str] = mapped_column(String(TARGET_LENGTH))
    address: Mapped[dict[str, Any] | None] = mapped_column(Json)
    state: Mapped[State] = mapped_column(short_enum(State, "state"))
    attempts: Mapped[int]
    not_before: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    holder: Mapped[str | None] = mapped_column(String(200))
    last_error: Mapped[str | None] = mapped_column(String(REASON_LENGTH))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("position", "channel", "target"),
        Index(
            "ix_outbox_due",
            "channel",
            "next_attempt_at",
            "position",
            postgresql_where=PENDING,
            sqlite_where=PENDING,
        ),
        Index(
            "ix_outbox_line",
            "channel",
            "target",
            "about",
            "position",
            postgresql_where=PENDING,
            sqlite_where=PENDING,
        ),
        Index("ix_outbox_state_created_at_id", "state", "created_at", "id"),
        Index("ix_outbox_created_at_id", "created_at", "id"),
    )
