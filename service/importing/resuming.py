"""Where an import stopped: a row that moves in the transactions that write the records."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.importing.models import ImportPosition
from service.importing.report import Figures


class Overtaken(Exception):
    """Another run of the same import has moved the position meanwhile."""

    def __init__(self) -> None:
        super().__init__("Another run of this import is under way, or was; start it again to go on.")


@dataclass(frozen=True, slots=True)
class Position:
    """`figures` are those of all records until `line`."""

    key: str
    line: int
    figures: Figures

    def moved(self, line: int, figures: Figures) -> "Position":
        return Position(self.key, line, self.figures + figures)


def key_of(kind: str, *, name: str | None, digest: str | None) -> str | None:
    """By the name that was given, else by content; None where there is neither, and nothing to resume."""
    if name is None and digest is None:
        return None
    known_by = f"name:{name}" if name is not None else f"content:{digest}"
    return hashlib.sha256(f"{kind}:{known_by}".encode()).hexdigest()


def begin(session: Session, key: str, *, kind: str, name: str, now: datetime, restart: bool) -> Position:
    """Where it was left, or the beginning."""
    at_first: dict[str, Any] = {"kind": kind, "name": name, "line": 0, **asdict(Figures())}
    at_first |= {"started_at": now, "updated_at": now, "finished_at": None}
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(ImportPosition).values(key=key, **at_first)
    if restart:
        session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=at_first))
    else:
        session.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
    row = session.get_one(ImportPosition, key)
    return Position(key, row.line, Figures(**{name: getattr(row, name) for name in asdict(Figures())}))


def advance(session: Session, before: Position, after: Position, now: datetime) -> None:
    """With the last batch's rows. Raises `Overtaken` where the position is not where this run left it."""
    moved = (
        update(ImportPosition)
        .where(ImportPosition.key == before.key, ImportPosition.line == before.line)
        .values(line=after.line, updated_at=now, **asdict(after.figures))
    )
    done = session.execute(moved, execution_options={"synchronize_session": False})
    if cast("CursorResult[None]", done).rowcount != 1:
        raise Overtaken


def finish(session: Session, key: str, now: datetime) -> None:
    ended = update(ImportPosition).where(ImportPosition.key == key).values(finished_at=now)
    session.execute(ended, execution_options={"synchronize_session": False})
