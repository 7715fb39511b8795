from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Dialect, ForeignKey, Index, Numeric, String, text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from service.columns import Base, CustomerId, Json, Sequence

SUM_DIGITS = 38
ANYTHING_DUE = text("orders_due OR contacts_due")
"""A literal: only so can a database tell that it may use the partial index."""


class Sum(TypeDecorator[Decimal]):
    """A sum of many amounts, which may be more than one amount can; on SQLite it is text."""

    impl = Numeric(SUM_DIGITS, 4)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            String(SUM_DIGITS + 2) if dialect.name == "sqlite" else Numeric(SUM_DIGITS, 4)
        )

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        if value is None:
            return None
        return f"{value:.4f}" if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value)


class KeptStatistics(Base):
    """`providers.statistics.CustomerStatistics` of one customer; `recent_order_days` is how many they are.

    `orders_due`, `contacts_due`: something has happened that these figures do not tell; the log does.
    """

    __tablename__ = "customer_statistics"

    customer_id: Mapped[str] = mapped_column(
        CustomerId, ForeignKey("customers.id", ondelete="CASCADE"), primary_key=True
    )
    orders_due: Mapped[bool]
    contacts_due: Mapped[bool]
    first_day: Mapped[int | None]
    last_day: Mapped[int | None]
    order_days: Mapped[int] = mapped_column(default=0)
    orders: Mapped[int] = mapped_column(default=0)
    recent_order_days: Mapped[int] = mapped_column(default=0)
    recent_days: Mapped[list[int]] = mapped_column(Json, default=list)
    currency: Mapped[str | None] = mapped_column(String(3))
    mixed_currency: Mapped[bool] = mapped_column(default=False)
    net_spend: Mapped[Decimal] = mapped_column(Sum, default=Decimal(0))
    positive_days: Mapped[int] = mapped_column(default=0)
    positive_spend: Mapped[Decimal] = mapped_column(Sum, default=Decimal(0))
    last_day_net: Mapped[Decimal] = mapped_column(Sum, default=Decimal(0))
    discounted_orders: Mapped[int] = mapped_column(default=0)
    refunds: Mapped[int] = mapped_column(default=0)
    lines: Mapped[int] = mapped_column(default=0)
    uncategorised_lines: Mapped[int] = mapped_column(default=0)
    categories: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    pieces: Mapped[int] = mapped_column(Sequence, default=0)
    pieces_spend: Mapped[Decimal] = mapped_column(Sum, default=Decimal(0))
    month_days: Mapped[list[int]] = mapped_column(Json, default=lambda: [0] * 12)
    gap_log_milli: Mapped[int] = mapped_column(Sequence, default=0)
    contacts: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)

    __table_args__ = (
        Index("ix_customer_statistics_last_day", "last_day"),
        Index(
            "ix_customer_statistics_due",
            "customer_id",
            postgresql_where=ANYTHING_DUE,
            sqlite_where=ANYTHING_DUE,
        ),
    )


class ParameterVersion(Base):
    """What was once fitted to all customers. The newest that is `adopted` is in use.

    `parameters` is a `providers.statistics.ShopParameters` as JSON, with its backtest; `refusal` says why it
    was not adopted.
    """

    __tablename__ = "shop_parameters"

    version: Mapped[int] = mapped_column(Sequence, primary_key=True)
    fitted_at: Mapped[datetime]
    fitted_by: Mapped[str] = mapped_column(String(200))
    adopted: Mapped[bool]
    refusal: Mapped[str | None] = mapped_column(String(500))
    parameters: Mapped[dict[str, Any]] = mapped_column(Json)
