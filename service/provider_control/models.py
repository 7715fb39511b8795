from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json

THE_ROW = 1


class ProviderToggles(Base):
    """One row: what operators switched. `configured` is the configuration that they switched it for.

    `order` names every configured provider, `circuit_resets` counts by provider; `version` is raised by
    every change.
    """

    __tablename__ = "provider_toggles"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=THE_ROW)
    version: Mapped[int]
    configured: Mapped[list[str]] = mapped_column(Json)
    order: Mapped[list[str]] = mapped_column(Json)
    disabled: Mapped[list[str]] = mapped_column(Json)
    circuit_resets: Mapped[dict[str, int]] = mapped_column(Json)
    changed_by: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(String(500))
    changed_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint(f"id = {THE_ROW}", name="one_row"),)


class ProcessHeartbeat(Base):
    """What a process last told of itself; `report` is a `reports.ProcessReport` as JSON."""

    __tablename__ = "process_heartbeats"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    started_at: Mapped[datetime]
    at: Mapped[datetime]
    report: Mapped[dict[str, Any]] = mapped_column(Json)
