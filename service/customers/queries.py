"""Statements over customers and their orders."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, selectinload

from service.customers.models import Customer, Order


def insert_if_absent(session: Session, values: dict[str, Any]) -> bool:
    """True where the customer was not there before, also when several try at once."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Customer).values(values).on_conflict_do_nothing(index_elements=["id"])
    return session.execute(statement.returning(Customer.id)).first() is not None


def id_of(session: Session, ref: str) -> str | None:
    return session.scalar(select(Customer.id).where(Customer.ref == ref))


def recent_orders(session: Session, customer_id: str, limit: int) -> Sequence[Order]:
    """Newest first, with their lines."""
    statement = (
        select(Order)
        .where(Order.customer_id == customer_id)
        .order_by(Order.ordered_at.desc(), Order.id.desc())
        .limit(limit)
        .options(selectinload(Order.lines))
    )
    return session.scalars(statement).all()
