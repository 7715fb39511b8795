"""Statements over the kept statistics, built once, and over the versions of the parameters."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Row, TextClause, bindparam, delete, func, select, text, update
from sqlalchemy.orm import Session

from providers.statistics import ContactStatistics, CustomerStatistics
from service.among import Among
from service.customer_base.models import ANYTHING_DUE, KeptStatistics, ParameterVersion
from service.customer_base.rows import contact_columns, order_columns
from service.writes import Write, recorded, write

ASKED_AT_ONCE = 1_000
KEPT_VERSIONS = 400

_TABLE: Any = KeptStatistics.__table__
_ONE = select(_TABLE).where(_TABLE.c.customer_id == bindparam("one"))
_HELD = (
    select(_TABLE)
    .where(Among(KeptStatistics.customer_id, "those"))
    .order_by(_TABLE.c.customer_id)
    .with_for_update()
)
_DUE = (
    select(_TABLE.c.customer_id).where(ANYTHING_DUE).order_by(_TABLE.c.customer_id).limit(bindparam("most"))
)
_BETWEEN = select(_TABLE.c.customer_id).where(
    _TABLE.c.customer_id.between(bindparam("first"), bindparam("last"))
)
_FITTED = (
    select(
        *(
            _TABLE.c[name]
            for name in (
                "customer_id", "first_day", "last_day", "order_days", "orders", "recent_order_days",
                "currency", "mixed_currency", "positive_days", "positive_spend", "discounted_orders",
                "pieces", "pieces_spend",
            )
        )
    )
    .where(_TABLE.c.customer_id > bindparam("after"), _TABLE.c.first_day <= bindparam("as_of"))
    .order_by(_TABLE.c.customer_id)
    .limit(bindparam("most"))
)  # fmt: skip
_NEWEST = select(func.max(_TABLE.c.last_day)).where(_TABLE.c.last_day <= bindparam("today"))
_COUNT = select(func.count()).select_from(_TABLE).where(_TABLE.c.first_day.is_not(None))


NOTHING_KNOWN: dict[str, Any] = {
    "orders_due": True,
    "contacts_due": True,
    **order_columns(CustomerStatistics()),
    **contact_columns(ContactStatistics()),
}


def _inserting(on_conflict: str) -> TextClause:
    """As text: SQLAlchemy compiles an upsert anew each time."""
    names = [each.name for each in _TABLE.columns]
    statement = f"""
        INSERT INTO {_TABLE.name} ({", ".join(names)})
        VALUES ({", ".join(f":{name}" for name in names)})
        ON CONFLICT (customer_id) DO {on_conflict}
    """  # noqa: S608  # made of the table's own names
    return text(statement).bindparams(*(bindparam(each.name, type_=each.type) for each in _TABLE.columns))


_INSERT_DUE = _inserting("NOTHING")
_MARKING = "UPDATE SET contacts_due = excluded.contacts_due"
_MARK = Write(
    _TABLE.name,
    of_json=f"{recorded(_TABLE, _TABLE.columns.keys())} ON CONFLICT (customer_id) DO {_MARKING}",
    one_by_one=_inserting(_MARKING),
)


def kept(session: Session, customer_id: str) -> Row[Any] | None:
    return session.connection().execute(_ONE, {"one": customer_id}).one_or_none()


def held(session: Session, customer_ids: Collection[str]) -> list[Row[Any]]:
    """Those that are there, until the transaction ends; in one order, so that nobody deadlocks."""
    connection = session.connection()
    return [
        row for some in _portions(sorted(customer_ids)) for row in connection.execute(_HELD, {"those": some})
    ]


def insert_due(session: Session, customer_ids: Collection[str]) -> None:
    """Rows of which nothing is known but that everything is due. Waits for whoever inserts the same."""
    if customer_ids:
        session.connection().execute(_INSERT_DUE, _all_due(customer_ids))


def mark_contacts_due(session: Session, customer_ids: Collection[str]) -> None:
    """Also of those without a row, and where it is due already: whoever reckons it just now cannot know."""
    write(session, _MARK, _all_due(customer_ids))


def _all_due(customer_ids: Collection[str]) -> list[dict[str, Any]]:
    return [NOTHING_KNOWN | {"customer_id": each} for each in sorted(customer_ids)]


def put(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Each with `customer_id` and the columns that change, the same ones in all."""
    if not rows:
        return
    names = [name for name in rows[0] if name != "customer_id"]
    statement = (
        update(_TABLE)
        .where(_TABLE.c.customer_id == bindparam("one"))
        .values({name: bindparam(f"new_{name}", type_=_TABLE.c[name].type) for name in names})
    )
    session.connection().execute(
        statement,
        [{"one": row["customer_id"]} | {f"new_{name}": row[name] for name in names} for row in rows],
    )


def due(session: Session, limit: int) -> Sequence[str]:
    return session.connection().scalars(_DUE, {"most": limit}).all()


def known_between(session: Session, first: str, last: str) -> set[str]:
    return set(session.connection().scalars(_BETWEEN, {"first": first, "last": last}))


def fitted_after(session: Session, after: str, as_of: int, limit: int) -> Sequence[Row[Any]]:
    """Of customers who had ordered by a day: what a fit reads, by their ids."""
    return session.connection().execute(_FITTED, {"after": after, "as_of": as_of, "most": limit}).all()


def newest_day(session: Session, today: int) -> int | None:
    return session.connection().scalar(_NEWEST, {"today": today})


def count_buyers(session: Session) -> int:
    return session.connection().scalar(_COUNT) or 0


def newest_version(session: Session) -> int | None:
    """Of those that are adopted."""
    return session.scalar(select(func.max(ParameterVersion.version)).where(ParameterVersion.adopted))


def versions(session: Session, limit: int) -> Sequence[ParameterVersion]:
    """Newest first."""
    statement = select(ParameterVersion).order_by(ParameterVersion.version.desc()).limit(limit)
    return session.scalars(statement).all()


def prune_versions(session: Session, newest: int) -> None:
    """Old ones, but never the one in use."""
    in_use = select(func.max(ParameterVersion.version)).where(ParameterVersion.adopted).scalar_subquery()
    session.execute(
        delete(ParameterVersion).where(
            ParameterVersion.version <= newest - KEPT_VERSIONS, ParameterVersion.version < in_use
        ),
        execution_options={"synchronize_session": False},
    )


def _portions(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + ASKED_AT_ONCE] for start in range(0, len(values), ASKED_AT_ONCE))
