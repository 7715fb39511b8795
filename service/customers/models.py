from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from service.columns import Base, CustomerId, Identifier, Json


class Customer(Base):
    """`id` is brought by callers or ours; `ref` is the opaque one that events, logs and audit carry.

    `external_ids`: provider → the id by which it knows the customer, where that is not `id`. One with
    `erased_at` is nobody: it stands where an erased customer's tickets need one, and nothing is known of it.
    """

    __tablename__ = "customers"

    id: Mapped[str] = mapped_column(CustomerId, primary_key=True)
    ref: Mapped[str] = mapped_column(Identifier, unique=True)
    external_ids: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    name: Mapped[str | None] = mapped_column(String(200))
    email: Mapped[str | None] = mapped_column(String(320))
    phone: Mapped[str | None] = mapped_column(String(50))
    locale: Mapped[str | None] = mapped_column(String(35))
    time_zone: Mapped[str | None] = mapped_column(String(64))
    preferences: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_customers_created_at_id", "created_at", "id"),
        Index("ix_customers_email_lower", func.lower(email)),
    )


class Order(Base):
    """`total` is what was paid, after `discount`. `tracking`: numbers, urls, carrier as they were brought."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), unique=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"))
    ordered_at: Mapped[datetime]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(50))
    fulfillment_status: Mapped[str | None] = mapped_column(String(50))
    total: Mapped[Decimal]
    discount: Mapped[Decimal | None]
    channel: Mapped[str | None] = mapped_column(String(50))
    tracking: Mapped[dict[str, Any] | None] = mapped_column(Json)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    lines: Mapped[list["OrderLine"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="OrderLine.position", lazy="raise"
    )
    refunds: Mapped[list["Refund"]] = relationship(
        cascade="all, delete-orphan", passive_deletes=True, order_by="Refund.at", lazy="raise"
    )

    __table_args__ = (Index("ix_orders_customer_id_ordered_at", "customer_id", "ordered_at"),)


class OrderLine(Base):
    """`price` is for one piece, in the order's currency; `discount` for the line."""

    __tablename__ = "order_lines"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(Text)
    product_id: Mapped[str | None] = mapped_column(String(200))
    vendor: Mapped[str | None] = mapped_column(String(200))
    category: Mapped[str | None] = mapped_column(String(200))
    quantity: Mapped[int]
    price: Mapped[Decimal]
    discount: Mapped[Decimal | None]


class Refund(Base):
    """`amount` is what went back, positive, in the order's currency."""

    __tablename__ = "refunds"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime]
    amount: Mapped[Decimal]
