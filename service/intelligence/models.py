from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from providers.interface import Connection
from service.columns import Base, Identifier, Json, short_enum

AT_RISK = text("risk_class IS NOT NULL")
"""A literal: only so can a database tell that it may use the partial index."""

RISK_CLASS_LENGTH = 55
"""Three letters of a currency, two digits, and a level of 50 at most."""


class CustomerSnapshot(Base):
    """Last known good facts; `answer` is JSON exactly as `providers.codec` encodes it.

    `arguments` is the canonical text of what else tells two requests apart, "" where nothing does.
    `refresh_due_since` is set when the facts are known to be out of date. The rest repeats what the
    inbox shows, so that a page of tickets decodes no answer. `revenue_at_risk` and `risk_class`, of analyses
    alone and null where anything of them is unknown, are what customers at risk are found by: see
    `service.intelligence.risk_classes`.
    """

    __tablename__ = "customer_snapshots"

    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True)
    capability: Mapped[str] = mapped_column(String(50), primary_key=True)
    arguments: Mapped[str] = mapped_column(String(200), primary_key=True, default="")
    provider: Mapped[str] = mapped_column(String(50), primary_key=True)
    as_of: Mapped[datetime]
    known: Mapped[bool]
    refresh_due_since: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text)
    churn_risk: Mapped[float | None]
    churn_risk_level: Mapped[str | None] = mapped_column(String(50))
    lifetime_value: Mapped[Decimal | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    archetype_id: Mapped[str | None] = mapped_column(String(200))
    revenue_at_risk: Mapped[Decimal | None]
    risk_class: Mapped[str | None] = mapped_column(String(RISK_CLASS_LENGTH))

    __table_args__ = (
        CheckConstraint("churn_risk BETWEEN 0 AND 1", name="churn_risk"),
        Index(
            "ix_customer_snapshots_at_risk",
            "risk_class",
            "revenue_at_risk",
            "customer_id",
            postgresql_where=AT_RISK,
            sqlite_where=AT_RISK,
        ),
        Index(
            "ix_customer_snapshots_refresh_due_since",
            "refresh_due_since",
            postgresql_where=text("refresh_due_since IS NOT NULL"),
            sqlite_where=text("refresh_due_since IS NOT NULL"),
        ),
    )


class DraftOutcome(StrEnum):
    UNUSED = "unused"
    VERBATIM = "verbatim"
    EDITED = "edited"
    SET_ASIDE = "set_aside"


TONES = ("friendly", "professional", "empathetic", "apologetic", "concise")
OTHER_TONE = "other"
"""How a tone is counted that a provider made up: counters must not grow with its imagination."""


class Draft(Base):
    """A generated reply. `sticky`: a regenerate made it, so it is what GET answers until the ticket's
    conversation version is another. `facts`: what the answer told of the customer beside the text.
    `edited_share`: 0..1 of the text that the agent changed, once the outcome is edited.
    """

    __tablename__ = "drafts"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    conversation_version: Mapped[int]
    sticky: Mapped[bool]
    content: Mapped[str] = mapped_column(Text)
    tone: Mapped[str] = mapped_column(String(50))
    channel: Mapped[str] = mapped_column(String(20))
    options: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    personalization_applied: Mapped[list[str]] = mapped_column(Json, default=list)
    warnings: Mapped[list[str]] = mapped_column(Json, default=list)
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    provider: Mapped[str] = mapped_column(String(50))
    source: Mapped[str] = mapped_column(String(20))
    degraded: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(50))
    as_of: Mapped[datetime]
    generated_at: Mapped[datetime]
    outcome: Mapped[DraftOutcome] = mapped_column(
        short_enum(DraftOutcome, "outcome"), default=DraftOutcome.UNUSED
    )
    edited_share: Mapped[float | None]
    outcome_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("edited_share BETWEEN 0 AND 1", name="edited_share"),
        Index("ix_drafts_ticket_id_generated_at", "ticket_id", "generated_at"),
        Index("ix_drafts_generated_at", "generated_at"),
    )


class DraftCounter(Base):
    """What became of the drafts that were generated on a day (UTC): the sum over the shards.

    An outcome counts on the day of its draft, whenever it comes; the rest of `generated` is unused. Drafts
    are pruned and these rows stay. `edited_share_sum` is over those counted as edited.
    """

    __tablename__ = "draft_counters"

    day: Mapped[date] = mapped_column(primary_key=True)
    provider: Mapped[str] = mapped_column(String(50), primary_key=True)
    tone: Mapped[str] = mapped_column(String(20), primary_key=True)
    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    generated: Mapped[int] = mapped_column(default=0)
    verbatim: Mapped[int] = mapped_column(default=0)
    edited: Mapped[int] = mapped_column(default=0)
    set_aside: Mapped[int] = mapped_column(default=0)
    edited_share_sum: Mapped[float] = mapped_column(default=0.0)


class StoredRecommendation(Base):
    """`actions` are objects with id, action, priority, reasoning, completed, completed_at, estimated_impact.

    `facts_fingerprint` tells whether archetype, churn level, lifetime value and order count are still
    those that it was made for; `facts` is what the answer told of them.
    """

    __tablename__ = "recommendations"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    conversation_version: Mapped[int]
    facts_fingerprint: Mapped[str] = mapped_column(String(64))
    priority: Mapped[str] = mapped_column(String(20))
    actions: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    warnings: Mapped[list[str]] = mapped_column(Json, default=list)
    talking_points: Mapped[list[str]] = mapped_column(Json, default=list)
    estimated_impact: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    facts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    provider: Mapped[str] = mapped_column(String(50))
    source: Mapped[str] = mapped_column(String(20))
    degraded: Mapped[bool]
    reason: Mapped[str | None] = mapped_column(String(50))
    as_of: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_recommendations_ticket_id_created_at", "ticket_id", "created_at"),)


class ProviderOutcome(Base):
    """The outcome of a provider's last real call, by whichever process made it."""

    __tablename__ = "provider_outcomes"

    provider: Mapped[str] = mapped_column(String(50), primary_key=True)
    connection: Mapped[Connection] = mapped_column(short_enum(Connection, "connection"))
    reason: Mapped[str | None] = mapped_column(String(50))
    at: Mapped[datetime]
