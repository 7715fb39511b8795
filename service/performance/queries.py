"""Statements over the kept figures. Those that look up many places at once take them as one parameter."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import json
from sqlalchemy import (
    Integer,
    LargeBinary,
    Row,
    bindparam,
    column,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.among import Among
from service.columns import Json
from service.performance.models import (
    NOTHING_FOLLOWED,
    FigureProgress,
    KeptFigures,
    KeptHistory,
    Span,
)
from service.writes import Write, recorded, write

AT_ONCE = 5_000
NEVER = 2**31 - 1
"""After all slots."""

_FOUND = (
    column("number", Integer),
    column("slot", Integer),
    column("counts", Json),
    column("spread", LargeBinary),
    column("levels", Json),
)
_SHOWN = "SELECT asked.number, found.slot, found.counts, found.spread, found.levels FROM"
_SPREAD, _NO_SPREAD = "found.spread,", "NULL AS spread,"
_ASKED = {
    "postgresql": """
        json_to_recordset(CAST(:asked AS json))
        AS asked(number integer, scope text, span text, low integer, high integer)
    """,
    "sqlite": """(
        SELECT json_extract(value, '$.number') AS number, json_extract(value, '$.scope') AS scope,
            json_extract(value, '$.span') AS span, json_extract(value, '$.low') AS low,
            json_extract(value, '$.high') AS high
        FROM json_each(:asked)
    ) AS asked""",
}
_WITHIN = """
    one.scope = asked.scope AND one.span = asked.span AND one.slot >= asked.low AND one.slot < asked.high
"""
_LAST = {
    "postgresql": f"""
        {_SHOWN} {_ASKED["postgresql"]} CROSS JOIN LATERAL (
            SELECT one.* FROM performance_figures AS one WHERE {_WITHIN} ORDER BY one.slot DESC LIMIT 1
        ) AS found
    """,  # noqa: S608  # made of our own words
    "sqlite": f"""
        {_SHOWN} {_ASKED["sqlite"]} CROSS JOIN performance_figures AS found
        WHERE found.scope = asked.scope AND found.span = asked.span AND found.slot = (
            SELECT max(one.slot) FROM performance_figures AS one WHERE {_WITHIN}
        )
    """,  # noqa: S608  # as above
}
_LAST_COUNTS = {name: statement.replace(_SPREAD, _NO_SPREAD) for name, statement in _LAST.items()}
_ALL = {
    "postgresql": f"""
        {_SHOWN} {_ASKED["postgresql"]} CROSS JOIN LATERAL (
            SELECT one.* FROM performance_figures AS one WHERE {_WITHIN} OFFSET 0
        ) AS found
    """,  # noqa: S608  # as above; without the OFFSET it is a join like any other, and hashes the whole table
    "sqlite": f"""
        {_SHOWN} {_ASKED["sqlite"]} CROSS JOIN performance_figures AS found
        WHERE {_WITHIN.replace("one.", "found.")}
    """,  # as above
}


_HISTORIES: Any = KeptHistory.__table__
_AS_TOLD = "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, history = excluded.history"
_PUT = Write(
    _HISTORIES.name,
    of_json=f"{recorded(_HISTORIES, ('id', 'kind', 'history'))} {_AS_TOLD}",
    one_by_one=text(
        f"INSERT INTO {_HISTORIES.name} (id, kind, history) VALUES (:id, :kind, :history) {_AS_TOLD}"  # noqa: S608  # a name of ours
    ),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Slots of a scope from `low` to the one before `high`."""

    scope: str
    span: Span
    low: int
    high: int


def last_within(
    session: Session, stretches: Sequence[Stretch], *, with_spread: bool = True
) -> dict[int, Row[Any]]:
    """The last row of each stretch that has one, by its number among them: one look-up each.

    Spreads are most of what a row weighs; without, they are None.
    """
    statements = _LAST if with_spread else _LAST_COUNTS
    return {row.number: row for row in _asked(session, statements, stretches)}


def all_within(session: Session, stretches: Sequence[Stretch]) -> list[Row[Any]]:
    """`number` tells of which stretch. In the order of their slots."""
    return sorted(_asked(session, _ALL, stretches), key=lambda row: (row.number, row.slot))


def _asked(
    session: Session, statements: Mapping[str, str], stretches: Sequence[Stretch]
) -> Sequence[Row[Any]]:
    asked = [
        {"number": number, "scope": one.scope, "span": one.span, "low": one.low, "high": one.high}
        for number, one in enumerate(stretches)
    ]
    statement = text(statements[session.get_bind().dialect.name]).columns(*_FOUND)
    return session.connection().execute(statement, {"asked": json.encode(asked).decode()}).all()


def put_figures(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    _upsert(session, KeptFigures, ("scope", "span", "slot"), rows)


def histories(session: Session, ids: Collection[str]) -> Sequence[Row[Any]]:
    wanted = select(KeptHistory.id, KeptHistory.kind, KeptHistory.history, KeptHistory.sealed)
    found = wanted.where(Among(KeptHistory.id, "ids"))
    return session.connection().execute(found, {"ids": sorted(ids)}).all()


def put_histories(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each with `id`, `kind` and `history`; what is sealed stays. One parameter for all: they are many."""
    for start in range(0, len(rows), AT_ONCE):
        write(session, _PUT, rows[start : start + AT_ONCE])


def seal_histories(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Each with `id` and `sealed`, of those that are there."""
    if rows:
        table = KeptHistory.__table__
        sealing = update(table).where(table.c.id == bindparam("one")).values(sealed=bindparam("text"))  # type: ignore[arg-type]  # a table, for the stubs a FromClause
        session.connection().execute(sealing, [{"one": row["id"], "text": row["sealed"]} for row in rows])


def held_progress(session: Session) -> FigureProgress:
    """Until the transaction ends nobody else counts, seals or begins anew."""
    found = session.get(FigureProgress, 1, with_for_update=True)
    if found is None:
        kind = _dialect(session)
        session.execute(kind.insert(FigureProgress).values(NOTHING_FOLLOWED).on_conflict_do_nothing())
        found = session.get_one(FigureProgress, 1, with_for_update=True)
    return found


def progress(session: Session) -> FigureProgress:
    return session.get(FigureProgress, 1) or FigureProgress(**NOTHING_FOLLOWED)


def count_figures(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(KeptFigures)) or 0


def count_histories(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(KeptHistory)) or 0


def _dialect(session: Session) -> Any:
    return postgresql if session.get_bind().dialect.name == "postgresql" else sqlite


def _upsert(session: Session, table: Any, key: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    statement = _dialect(session).insert(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in key}
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=changed)
    for start in range(0, len(rows), AT_ONCE):
        session.connection().execute(statement, rows[start : start + AT_ONCE])
