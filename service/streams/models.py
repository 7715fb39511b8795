from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base


class UsedStreamTicket(Base):
    """A ticket that has opened its stream: kept past its end, so that no process takes it again."""

    __tablename__ = "used_stream_tickets"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime]

    __table_args__ = (Index("ix_used_stream_tickets_expires_at", "expires_at"),)
