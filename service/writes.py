"""What a change writes, sent together: on PostgreSQL in one statement, with one parameter for each table.

A change of the desk writes many tables, and each statement takes as long again for SQLAlchemy, the driver and
a round trip as for the database. What is written here waits in its session until something else is asked, or
the transaction ends.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, Self, TypeVar

from sqlalchemy import Executable, TextClause, insert, text
from sqlalchemy.orm import Session, SessionTransaction

from providers.codec import encode

KINDS = 256
Rows = Sequence[Mapping[str, Any]]


class LastWord(Protocol):
    """What can only be written once all else is, since it locks rows that many change."""

    def write(self, session: "WritingSession") -> None: ...


Last = TypeVar("Last", bound=LastWord)


@dataclass(frozen=True, slots=True, eq=False)
class Write:
    """A statement over rows of a table, which have the same columns, and values as these keep them.

    `of_json`: for PostgreSQL, where `{rows}` is a JSON array of them. `one_by_one`: for other databases, with
    a parameter for each column. No row is written twice, but for those with `sums`, a column that is added up
    over rows of the same `by`.
    """

    table: str
    of_json: str
    one_by_one: Executable
    by: tuple[str, ...] = ()
    sums: str | None = None

    @classmethod
    def inserting(cls, table: Any, columns: Sequence[str], *, one_by_one: Executable | None = None) -> Self:
        """Columns that are not named are the database's to fill, and null where it does not."""
        return cls(
            table.name, recorded(table, columns), insert(table).inline() if one_by_one is None else one_by_one
        )


def recorded(table: Any, columns: Sequence[str], *, known_as: str = "") -> str:
    """An INSERT of the rows in JSON: each value is read as one of its column's type."""
    names = ", ".join(columns)
    into = f"{table.name} AS {known_as}" if known_as else table.name
    told = f"json_populate_recordset(NULL::{table.name}, {{rows}})"
    return f"INSERT INTO {into} ({names}) SELECT {names} FROM {told}"  # noqa: S608  # names of ours, no values


class WritingSession(Session):
    """What waits is sent before anything else is asked of the database, and in the order in which it came.

    Sums wait for the end, and are written in one order, after the last words: so rows that many change are
    locked last, and nobody who has one waits for another.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._waiting: list[tuple[Write, Rows]] = []
        self._sums: dict[Write, Counter[tuple[Any, ...]]] = {}
        self._last: dict[type[Any], Any] = {}

    def last_word(self, kind: type[Last]) -> Last:
        """The one of the transaction, or of the savepoint, which is written when that ends."""
        if kind not in self._last:
            self._last[kind] = kind()
        word: Last = self._last[kind]
        return word

    def write(self, write: Write, rows: Rows) -> None:
        if write.sums is not None:
            sums = self._sums.setdefault(write, Counter())
            for row in rows:
                sums[tuple(row[name] for name in write.by)] += row[write.sums]
        elif rows:
            self._waiting.append((write, rows))

    def finish(self) -> None:
        """Send all that waits: the transaction, or the savepoint, ends."""
        last, self._last = self._last, {}
        for word in last.values():
            word.write(self)
        for write, sums in sorted(self._sums.items(), key=lambda of: of[0].table):
            rows = [
                dict(zip(write.by, key, strict=True)) | {str(write.sums): amount}
                for key, amount in sorted(sums.items())
                if amount
            ]
            if rows:
                self._waiting.append((write, rows))
        self._sums = {}
        self.send()

    def send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        connection = super().connection()
        if connection.dialect.name != "postgresql":
            for write, rows in waiting:
                connection.execute(write.one_by_one, rows)
            return
        for part in _without_repetition(waiting):
            statement = _together(tuple(write for write, _ in part))
            connection.execute(
                statement, {f"rows{number}": encode(rows).decode() for number, (_, rows) in enumerate(part)}
            )

    def drop(self) -> None:
        """What waits belongs to what is undone."""
        self._waiting, self._sums, self._last = [], {}, {}

    def connection(self, *args: Any, **options: Any) -> Any:
        self.send()
        return super().connection(*args, **options)

    def execute(self, *args: Any, **options: Any) -> Any:
        self.send()
        return super().execute(*args, **options)

    def scalar(self, *args: Any, **options: Any) -> Any:
        self.send()
        return super().scalar(*args, **options)

    def scalars(self, *args: Any, **options: Any) -> Any:
        self.send()
        return super().scalars(*args, **options)

    def begin_nested(self) -> SessionTransaction:
        self.send()
        return super().begin_nested()

    def flush(self, *args: Any, **options: Any) -> None:
        if self.new or self.dirty or self.deleted:
            self.send()
        super().flush(*args, **options)


def write(session: Session, write: Write, rows: Rows) -> None:
    """With what else the session writes. An error of it may come as late as the end of the transaction."""
    if not isinstance(session, WritingSession):
        raise TypeError("only sessions of Database.writing() write")
    session.write(write, rows)


def _without_repetition(waiting: Sequence[tuple[Write, Rows]]) -> Iterator[Sequence[tuple[Write, Rows]]]:
    """PostgreSQL makes all parts of a statement out of what was there before it: none sees another's rows."""
    part: list[tuple[Write, Rows]] = []
    for each in waiting:
        if each[0].table in {write.table for write, _ in part}:
            yield part
            part = []
        part.append(each)
    yield part


@lru_cache(maxsize=KINDS)
def _together(writes: tuple[Write, ...]) -> TextClause:
    """The first is the statement itself, which is made first; then those beside it, the last of them first.

    So rows are locked in the order in which they came.
    """
    first, *others = (
        write.of_json.format(rows=f"CAST(:rows{number} AS json)") for number, write in enumerate(writes)
    )
    beside = ", ".join(f"write{number} AS ({other})" for number, other in enumerate(reversed(others)))
    return text(f"WITH {beside} {first}" if beside else first)
