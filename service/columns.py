"""How values lie in the database: the same in and out on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, Enum, Integer, MetaData, Numeric, String
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, registry
from sqlalchemy.types import DateTime, TypeDecorator, TypeEngine

CUSTOMER_ID_LENGTH = 200
"""Characters of an id that callers bring; short enough for every index it is part of."""

Identifier = String(64)
"""An id that we make."""

CustomerId = String(CUSTOMER_ID_LENGTH)

Sequence = BigInteger().with_variant(Integer(), "sqlite")
"""Numbers given by the database; only an INTEGER key counts up by itself on SQLite."""

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

MONEY_DIGITS = 18
MONEY_STEP = Decimal("0.0001")
MONEY_LIMIT = Decimal(10) ** (MONEY_DIGITS - 4)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware times only, kept and returned in UTC. Raises `ValueError` for a naive one."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            TIMESTAMP(timezone=True) if dialect.name == "postgresql" else DateTime()
        )

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be timezone-aware")
        utc = value.astimezone(UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Money(TypeDecorator[Decimal]):
    """An amount to a ten-thousandth of its currency, rounded half to even when it goes in.

    SQLite has no decimals, so there it is a whole number of ten-thousandths: sums and comparisons in
    SQL are exact on both; ratios are for Python. Raises `ValueError` for what has no exact place.
    """

    impl = Numeric(MONEY_DIGITS, 4)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(MONEY_DIGITS, 4))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        if value is None:
            return None
        amount = Decimal(value)
        if not amount.is_finite() or abs(amount) >= MONEY_LIMIT:
            raise ValueError(f"an amount must be finite and below {MONEY_LIMIT:f}")
        amount = amount.quantize(MONEY_STEP, rounding=ROUND_HALF_EVEN)
        return int(amount / MONEY_STEP) if dialect.name == "sqlite" else amount

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        return Decimal(value) * MONEY_STEP if dialect.name == "sqlite" else Decimal(value)


def short_enum(kind: type[StrEnum], name: str) -> Enum:
    """A short string with a CHECK called `ck_<table>_<name>`, not a database type that is hard to change."""
    return Enum(
        kind,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=20,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UtcDateTime(), Decimal: Money()},
    )
