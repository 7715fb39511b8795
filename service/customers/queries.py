"""Statements over customers and their orders."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from types import ModuleType
from typing import Any, TypeVar

from sqlalchemy import (
    Row,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, selectinload

from service.among import Among
from service.customers.models import Customer, Order, OrderLine, Refund
from service.http.pagination import Page

COUNTED_EXACTLY = 1_000
SEARCHED_ORDERS = 1_000
AS_ONE = {"render_nulls": True}
"""Without it rows with other columns empty are other statements."""

# Of lists that are read often, built once: making a statement takes as long as executing it.
_NAMED = select(Customer.id, Customer.name, Customer.external_ids, Customer.erased_at).where(
    Among(Customer.id, "ids")
)
T = TypeVar("T")


# ---------------------------------------------------------------- customers


def insert_absent(session: Session, rows: Sequence[dict[str, Any]]) -> set[str]:
    """The ids of those that were not there before, also when several try at once."""
    statement = _dialect(session).insert(Customer).on_conflict_do_nothing(index_elements=["id"])
    return set(session.scalars(statement.returning(Customer.id), rows, execution_options=AS_ONE))


_LIVING = Customer.erased_at.is_(None)
_THERE = (
    select(Customer.id)
    .where(Customer.id == bindparam("id"), _LIVING)
    .with_for_update(read=True, key_share=True)
)


def is_there(session: Session, customer_id: str) -> bool:
    """And stays until the transaction ends: nobody erases them meanwhile."""
    return session.connection().scalar(_THERE, {"id": customer_id}) is not None


def refs(session: Session, customer_ids: Collection[str]) -> dict[str, str]:
    """By id, of those that there are, and whom nobody erases before the transaction ends."""
    statement = select(Customer.id, Customer.ref).where(Customer.id.in_(customer_ids), _LIVING)
    held = statement.order_by(Customer.id).with_for_update(read=True, key_share=True)
    return dict(session.execute(held).tuples().all())


def named(
    session: Session, customer_ids: Collection[str]
) -> Sequence[Row[tuple[str, str | None, dict[str, str], datetime | None]]]:
    """`id`, `name`, `external_ids` and `erased_at` of each that is there."""
    return session.connection().execute(_NAMED, {"ids": list(customer_ids)}).all()


def ids_by_ref(session: Session, those: Collection[str]) -> dict[str, str]:
    statement = select(Customer.ref, Customer.id).where(Customer.ref.in_(those))
    return dict(session.execute(statement).tuples().all())


def customers_near(session: Session, ref: str, limit: int) -> Sequence[str]:
    """The ids of some from a ref on, then of the first ones."""
    some = select(Customer.id).where(_LIVING).order_by(Customer.ref)
    found = session.scalars(some.where(Customer.ref >= ref).limit(limit)).all()
    if len(found) == limit:
        return found
    return [*found, *session.scalars(some.where(Customer.ref < ref).limit(limit - len(found)))]


def held(session: Session, customer_id: str) -> Customer | None:
    """Until the transaction ends."""
    return session.scalar(select(Customer).where(Customer.id == customer_id, _LIVING).with_for_update())


def all_held(session: Session, customer_ids: Collection[str]) -> Sequence[Customer]:
    """In one order, so that two who hold many do not deadlock."""
    statement = select(Customer).where(Customer.id.in_(customer_ids)).order_by(Customer.id)
    return session.scalars(statement.with_for_update()).all() if customer_ids else []


def customers_page(session: Session, page: Page, *, email: str | None) -> Sequence[Customer]:
    """Newest first; one row more than the page has, where there is a next one."""
    statement = _one_page(_with_email(email), page, (Customer.created_at, Customer.id))
    return session.scalars(statement).all()


def count_customers(session: Session, *, email: str | None) -> tuple[int, bool]:
    return _count_some(session, _with_email(email))


def _with_email(email: str | None) -> Select[tuple[Customer]]:
    statement = select(Customer).where(_LIVING)
    return statement if email is None else statement.where(func.lower(Customer.email) == func.lower(email))


# ---------------------------------------------------------------- orders read


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


def orders_page(session: Session, customer_id: str, page: Page) -> Sequence[Order]:
    """Newest first, with all of their parts; one row more than the page has, where there is a next one."""
    statement = select(Order).where(Order.customer_id == customer_id)
    return session.scalars(_whole(_one_page(statement, page, (Order.ordered_at, Order.id)))).all()


def count_orders(session: Session, customer_id: str) -> tuple[int, bool]:
    return _count_some(session, select(Order).where(Order.customer_id == customer_id))


def orders_with(
    session: Session,
    customer_id: str,
    words: Iterable[str],
    *,
    start: datetime | None,
    end: datetime | None,
    limit: int,
) -> Sequence[Order]:
    """Those of the newest 1,000 from `start` until before `end` that have every word in number or titles."""
    recent = select(Order.id).where(Order.customer_id == customer_id)
    if start is not None:
        recent = recent.where(Order.ordered_at >= start)
    if end is not None:
        recent = recent.where(Order.ordered_at < end)
    place = (Order.ordered_at.desc(), Order.id.desc())
    near = recent.order_by(*place).limit(SEARCHED_ORDERS).subquery()
    found = select(Order).join(near, near.c.id == Order.id)
    for word in words:
        titled = select(literal(1)).where(
            OrderLine.order_id == Order.id, OrderLine.title.icontains(word, autoescape=True)
        )
        found = found.where(or_(Order.external_id.icontains(word, autoescape=True), titled.exists()))
    return session.scalars(_whole(found.order_by(*place).limit(limit))).all()


# ---------------------------------------------------------------- orders written


def hold_orders(session: Session, rows: Sequence[dict[str, Any]]) -> Sequence[Order]:
    """Insert those that are not there, and hold all until the transaction ends, as they are then.

    One statement in the order of `rows`: who writes the same orders at once waits, and none deadlocks
    where all bring theirs in one order.
    """
    statement = _dialect(session).insert(Order)
    statement = statement.on_conflict_do_update(
        index_elements=["external_id"], set_={"updated_at": Order.updated_at}
    )
    return session.scalars(
        statement.returning(Order), rows, execution_options={"populate_existing": True, **AS_ONE}
    ).all()


def lines_of(session: Session, order_ids: Collection[str]) -> Sequence[OrderLine]:
    """In their order within each."""
    statement = select(OrderLine).where(OrderLine.order_id.in_(order_ids))
    return session.scalars(statement.order_by(OrderLine.order_id, OrderLine.position)).all()


def refunds_of(session: Session, order_ids: Collection[str]) -> Sequence[Refund]:
    return session.scalars(select(Refund).where(Refund.order_id.in_(order_ids))).all()


def change_orders(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(update(Order), rows)


def replace_parts(
    session: Session,
    part: type[OrderLine | Refund],
    rows: Sequence[dict[str, Any]],
    *,
    of_known: Collection[str],
) -> None:
    """Put `rows` in the place of all parts that the known orders have."""
    if of_known:
        session.execute(
            delete(part).where(part.order_id.in_(of_known)),
            execution_options={"synchronize_session": False},
        )
    if rows:
        session.execute(insert(part), rows, execution_options=AS_ONE)


def _dialect(session: Session) -> ModuleType:
    return postgresql if session.get_bind().dialect.name == "postgresql" else sqlite


def _whole(statement: Select[tuple[Order]]) -> Select[tuple[Order]]:
    return statement.options(selectinload(Order.lines), selectinload(Order.refunds))


def _one_page(statement: Select[tuple[T]], page: Page, place: tuple[Any, Any]) -> Select[tuple[T]]:
    """Newest first."""
    if page.cursor:
        last = tuple_(literal(page.cursor.at, place[0].type), literal(page.cursor.id))
        statement = statement.where(tuple_(*place) < last)
    order = (column.desc() for column in place)
    return statement.order_by(*order).limit(page.limit + 1).offset(page.offset)


def _count_some(session: Session, wanted: Select[Any]) -> tuple[int, bool]:
    """How many, and whether that is an estimate (a lower bound): reads a bounded number of rows."""
    some = (
        wanted.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED_EXACTLY + 1).subquery()
    )
    found = session.scalar(select(func.count()).select_from(some)) or 0
    return min(found, COUNTED_EXACTLY), found > COUNTED_EXACTLY
