from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, CustomerId, Json


class IdempotencyKey(Base):
    """A request that is answered once. `status` is None while it is in flight, until `locked_until` at most.

    `scope` is caller and route; `request_hash` is SHA-256, hexadecimal, of what was asked;
    `customer_id` is whom the kept answer is about, so that erasure finds it.
    """

    __tablename__ = "idempotency_keys"

    scope: Mapped[str] = mapped_column(String(300), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    locked_until: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(Integer)
    response_headers: Mapped[dict[str, Any] | None] = mapped_column(Json)
    response_body: Mapped[bytes | None] = mapped_column(LargeBinary)
    customer_id: Mapped[str | None] = mapped_column(CustomerId)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (
        Index("ix_idempotency_keys_expires_at", "expires_at"),
        Index("ix_idempotency_keys_customer_id", "customer_id"),
    )
