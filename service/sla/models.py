from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json


class StoredCalendar(Base):
    """`hours`, `holidays` and `exceptions` lie as they are told on the wire. `version` counts every change.

    `country` (ISO 3166-1) and `subdivision` name the public holidays that are kept, beside those by date.
    """

    __tablename__ = "sla_calendars"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(String(600), unique=True)
    time_zone: Mapped[str] = mapped_column(String(64))
    hours: Mapped[dict[str, Any]] = mapped_column(Json)
    country: Mapped[str | None] = mapped_column(String(2))
    subdivision: Mapped[str | None] = mapped_column(String(40))
    holidays: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    exceptions: Mapped[list[dict[str, Any]]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (Index("ix_sla_calendars_created_at_id", "created_at", "id"),)


class StoredPolicy(Base):
    """What a ticket has to be like for it, an empty list for any; and what is then promised, in minutes.

    `position` counts from 1 and orders the policies; moving one is no version of it, all else is.
    `warning_share`: of a target, after which it is at risk.
    """

    __tablename__ = "sla_policies"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    folded_name: Mapped[str] = mapped_column(String(600), unique=True)
    position: Mapped[int]
    priorities: Mapped[list[str]] = mapped_column(Json, default=list)
    channels: Mapped[list[str]] = mapped_column(Json, default=list)
    all_tags: Mapped[list[str]] = mapped_column(Json, default=list)
    any_tags: Mapped[list[str]] = mapped_column(Json, default=list)
    departments: Mapped[list[str]] = mapped_column(Json, default=list)
    min_lifetime_value: Mapped[Decimal | None]
    min_churn_risk: Mapped[float | None]
    calendar_id: Mapped[str] = mapped_column(ForeignKey("sla_calendars.id"))
    first_response_minutes: Mapped[int | None]
    next_response_minutes: Mapped[int | None]
    resolution_minutes: Mapped[int | None]
    warning_share: Mapped[float]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_sla_policies_position_id", "position", "id"),
        Index("ix_sla_policies_calendar_id", "calendar_id"),
    )
