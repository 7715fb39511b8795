from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json, Sequence, short_enum
from service.outbox.models import CHANNEL_LENGTH, TARGET_LENGTH

URL_LENGTH = 2_000


class Occasion(StrEnum):
    """What people are told of."""

    SLA_WARNING = "sla.warning"
    SLA_BREACHED = "sla.breached"
    CHURN_RISK = "churn_risk"
    URGENT_TICKET = "urgent_ticket"
    TICKET_ASSIGNED = "ticket.assigned"


class Disabled(StrEnum):
    """Why an endpoint gets nothing."""

    BY_HAND = "by_hand"
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """For days nothing arrived."""


class WebhookEndpoint(Base):
    """Where a client hears of events. Its secrets are nowhere: they are made of its id and a number.

    `retiring`: numbers of secrets that sign beside the present one, and until when. `failing_since`: the
    first failure after the last success. `version` counts the changes by people.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    url: Mapped[str] = mapped_column(String(URL_LENGTH), unique=True)
    description: Mapped[str | None] = mapped_column(String(200))
    event_types: Mapped[list[str]] = mapped_column(Json)
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_because: Mapped[Disabled | None] = mapped_column(short_enum(Disabled, "disabled_because"))
    disabled_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    secret_number: Mapped[int] = mapped_column(default=1)
    retiring: Mapped[list[dict[str, Any]]] = mapped_column(Json, default=list)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_webhook_endpoints_created_at_id", "created_at", "id"),)


class WebhookAttempt(Base):
    """One try to deliver; of what was sent nothing is kept. `status` None: there was no answer.

    `delivery_id`: of the outbox. `reason`: why it failed, None where it arrived.
    """

    __tablename__ = "webhook_attempts"

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    endpoint_id: Mapped[str] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    delivery_id: Mapped[str] = mapped_column(Identifier)
    event_type: Mapped[str] = mapped_column(String(64))
    ticket_id: Mapped[str | None] = mapped_column(Identifier)
    attempt: Mapped[int]
    status: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    duration_ms: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_webhook_attempts_endpoint_id_at_id", "endpoint_id", "at", "id"),
        Index("ix_webhook_attempts_at", "at"),
    )


class NotificationRule(Base):
    """Who is told of an occasion, and by what.

    `recipients`: `assignee`, `team_lead`, `managers` or `agent:<id>`; `channels`: `email`, `log` or
    `slack:<name>`. With a calendar it is told in the working hours of that alone.
    """

    __tablename__ = "notification_rules"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    occasion: Mapped[Occasion] = mapped_column(short_enum(Occasion, "occasion"))
    recipients: Mapped[list[str]] = mapped_column(Json)
    channels: Mapped[list[str]] = mapped_column(Json)
    calendar_id: Mapped[str | None] = mapped_column(Identifier)
    enabled: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_notification_rules_created_at_id", "created_at", "id"),)


class HeldNotice(Base):
    """What somebody is told once they work, from `not_before` on: of the event at `position`."""

    __tablename__ = "held_notices"

    id: Mapped[int] = mapped_column(Sequence, primary_key=True)
    channel: Mapped[str] = mapped_column(String(CHANNEL_LENGTH))
    target: Mapped[str] = mapped_column(String(TARGET_LENGTH))
    position: Mapped[int] = mapped_column(BigInteger)
    ticket_id: Mapped[str] = mapped_column(Identifier)
    occasion: Mapped[Occasion] = mapped_column(short_enum(Occasion, "occasion"))
    not_before: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("channel", "target", "position"),
        Index("ix_held_notices_not_before", "not_before"),
    )
