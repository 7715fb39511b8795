from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier

LONGEST_NAME = 80


class InboundWebhook(Base):
    """Who may send. Its secrets are made of the desk's own, the id and the version: none is kept.

    Until `previous_until` the version before is good, too.
    """

    __tablename__ = "inbound_webhooks"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME), unique=True)
    active: Mapped[bool]
    secret_version: Mapped[int]
    previous_until: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_inbound_webhooks_created_at_id", "created_at", "id"),)
