"""Cells of a spreadsheet as the values that stand on the wire."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from marshmallow import Schema

from service.importing.rows import OF_THE_LINE, Row
from service.importing.sources import UnusableFile

BETWEEN = ";"
LARGEST_RECORD = 2**20
"""Characters of all rows of one record."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How columns are named: as the fields of the wire, `part.field` for those of a part.

    `key`: the field by which a record is known. `separated`: fields that are lists, in one cell with `;`
    between. `repeated`: parts of which a record has several, each in a row of its own under the first.
    `converted`: what makes the value of a column of its cell.
    """

    key: str
    schema: Schema
    separated: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()
    converted: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)

    def check(self, header: list[str]) -> None:
        """Raises `UnusableFile` where a required column is missing."""
        there = {name.partition(".")[0] for name in header}
        required = [name for name, wanted in self.schema.load_fields.items() if wanted.required]
        missing = [f"{name}.…" if name in self.repeated else name for name in required if name not in there]
        if missing:
            raise UnusableFile(f"The header lacks the columns: {', '.join(missing)}.")
        in_parts = {name.partition(".")[0] for name in header if "." in name}
        both = sorted(in_parts & set(header))
        if both:
            raise UnusableFile(f"The header names {both[0]} both whole and in parts; keep one of them.")

    def key_of(self, row: Row) -> str | None:
        """As it is kept, without blanks around it; None where it has none that can be told."""
        key = row.values.get(self.key)
        return key.strip() if isinstance(key, str) else None

    def records(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Rows with the values of the wire; neighbours with the same key make one where parts repeat."""
        if not self.repeated:
            return (self._record([row]) for row in rows)
        return (self._record(group) for group in self._groups(rows))

    def _groups(self, rows: Iterator[Row]) -> Iterator[list[Row]]:
        """A row without a key that can be read belongs where both of its neighbours do."""
        group: list[Row] = []
        doubtful: list[Row] = []
        size = 0
        for row in rows:
            key = row.values.get(self.key)
            if group and key is None and row.errors is not None:
                doubtful.append(row)
            elif group and key is not None and key == group[0].values.get(self.key):
                size += row.size
                if size <= LARGEST_RECORD:
                    group += [*doubtful, row]
                else:
                    group[-1] = _grown_too_large(group[-1], row)
                doubtful = []
            else:
                yield from _closed(group, doubtful)
                group, doubtful, size = [row], [], row.size
        yield from _closed(group, doubtful)

    def _record(self, rows: list[Row]) -> Row:
        values: dict[str, Any] = {}
        errors: dict[str, list[str]] = {}
        for row in rows:
            for name, texts in (row.errors or {}).items():
                where = f"In line {row.line}: " if len(rows) > 1 else ""
                errors.setdefault(name, []).extend(f"{where}{text}" for text in texts)
            self._add(values, row, errors)
        return Row(
            line=rows[0].line,
            last_line=rows[-1].last_line,
            size=sum(row.size for row in rows),
            values=values,
            errors=errors or None,
        )

    def _add(self, values: dict[str, Any], row: Row, errors: dict[str, list[str]]) -> None:
        parts: dict[str, dict[str, Any]] = {}
        for name, cell in row.values.items():
            whole, _, part = name.partition(".")
            value = self._value(name, cell)
            if part and whole in self.repeated:
                parts.setdefault(whole, {})[part] = value
            elif part:
                self._set(values.setdefault(whole, {}), part, value, name, errors)
            else:
                self._set(values, name, value, name, errors)
        for whole, one in parts.items():
            values.setdefault(whole, []).append(one)

    @staticmethod
    def _set(
        values: dict[str, Any], name: str, value: Any, column: str, errors: dict[str, list[str]]
    ) -> None:
        if values.setdefault(name, value) != value:
            errors[column] = [
                "Differs from the row above with the same key; let them agree, or leave it empty."
            ]

    def _value(self, name: str, cell: str) -> Any:
        if name in self.converted:
            return self.converted[name](cell)
        if name in self.separated:
            return [part.strip() for part in cell.split(BETWEEN) if part.strip()]
        return cell


def _closed(group: list[Row], doubtful: list[Row]) -> Iterator[list[Row]]:
    if group:
        yield group
    for row in doubtful:
        yield [row]


def _grown_too_large(last: Row, row: Row) -> Row:
    """The rest of the record is read past, not kept."""
    return Row(
        line=last.line,
        last_line=row.last_line,
        size=last.size,
        values=last.values,
        errors={OF_THE_LINE: ["The rows of one record are more than 1 MiB; split it."]},
    )
