"""What became of the records: how many of each kind, and every rejected one by line and field."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec

from service.importing.rows import Errors
from service.upserts import Upsert

LONGEST_KEY = 200
MOST_FIELDS = 100
LONGEST_FIELD_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Records, not lines. In a dry run nothing is created, updated or unchanged."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def __add__(self, more: "Figures") -> "Figures":
        names = [field.name for field in fields(self)]
        return Figures(**{name: getattr(self, name) + getattr(more, name) for name in names})

    @classmethod
    def of(cls, outcomes: Sequence[Upsert], *, read: int, rejected: int) -> "Figures":
        return cls(
            read=read,
            created=outcomes.count(Upsert.CREATED),
            updated=outcomes.count(Upsert.UPDATED),
            unchanged=outcomes.count(Upsert.UNCHANGED),
            rejected=rejected,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """`key` is that of the record where it can be read. `errors`: field → what to do about it."""

    line: int
    key: str | None
    errors: Errors

    def written(self) -> bytes:
        errors = {name[:LONGEST_FIELD_NAME]: texts for name, texts in list(self.errors.items())[:MOST_FIELDS]}
        key = self.key[:LONGEST_KEY] if self.key is not None else None
        return msgspec.json.encode({"line": self.line, "key": key, "errors": errors}) + b"\n"


class RejectsFile:
    """A line of JSON for each rejected record, in the order of the file; none rejected, no file.

    `after_line`: where an earlier run stopped. What is there of lines before stays, since that run wrote
    it; what it wrote of later ones was never committed. Raises `OSError` where it cannot be written.
    """

    def __init__(self, path: Path, *, after_line: int = 0) -> None:
        self.path = path
        self._stream: IO[bytes] = path.open("r+b" if path.exists() else "w+b")
        self._stream.truncate(_end_of_lines_until(self._stream, after_line))
        self._stream.seek(0, 2)

    def write(self, rejections: Sequence[Rejection]) -> None:
        """Written through before it returns: a batch is committed after its rejections."""
        self._stream.writelines(rejection.written() for rejection in rejections)
        self._stream.flush()

    def place(self) -> int:
        return self._stream.tell()

    def go_back(self, place: int) -> None:
        """For a batch that is tried again."""
        self._stream.seek(place)
        self._stream.truncate()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        empty = self._stream.tell() == 0
        self._stream.close()
        if empty:
            self.path.unlink(missing_ok=True)


def _end_of_lines_until(stream: IO[bytes], last: int) -> int:
    end = 0
    if last == 0:
        return end
    for written in stream:
        try:
            line = msgspec.json.decode(written)["line"]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, IndexError):
            break
        if not isinstance(line, int) or line > last:
            break
        end += len(written)
    return end
