"""Imports: files of any length, in constant memory, to be gone on with wherever they stopped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from providers.ports import Clock
from service.database import Database
from service.importing import resuming
from service.importing.batches import batches_of, records_of
from service.importing.kinds import Kind
from service.importing.report import Figures, RejectsFile
from service.importing.resuming import Position
from service.importing.runs import Run
from service.importing.sources import Source, Stream, UnusableFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be imported. `name`: what the position is kept by, in the place of the content."""

    kind: str
    source: Source
    rejects: Path
    name: str | None = None
    batch: int = 500
    dry_run: bool = False
    restart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """`figures` are of this run and those before, `now` of this one, which read `lines` after another."""

    figures: Figures
    now: Figures
    lines: int
    after_line: int
    took_s: float


class Watcher(Protocol):
    def advanced(self, *, line: int, bytes_read: int) -> None:
        """`bytes_read`: of the file as it lies there."""


class Importer:
    def __init__(self, database: Database, clock: Clock, kinds: Sequence[Kind[Any]]) -> None:
        self._database = database
        self._clock = clock
        self._kinds = {kind.name: kind for kind in kinds}

    def run(self, wish: Wish, watcher: Watcher) -> Done:
        """Raises `UnusableFile`, `Overtaken`, `DatabaseUnavailable`, and `OSError` of the rejects file.

        What was committed before stays, and a later run goes on there.
        """
        started_s = self._clock.monotonic()
        kind = self._kinds[wish.kind]
        columns = kind.begin()
        with wish.source.opened() as stream:
            position = self._position(wish)
            after_line = position.line if position else 0
            with RejectsFile(wish.rejects, after_line=after_line) as rejects:
                run = Run(
                    self._database,
                    self._clock,
                    kind,
                    columns,
                    rejects,
                    position=position,
                    actor=f"import:{wish.name or wish.source.name}",
                    dry_run=wish.dry_run,
                )
                records = records_of(stream, wish.source.format, columns, after_line)
                for batch in batches_of(records, columns, wish.batch):
                    run.take(batch)
                    watcher.advanced(line=batch[-1].last_line, bytes_read=stream.bytes_read())
                _check_length(stream, after_line)
                run.finish()
        before = position.figures if position else Figures()
        return Done(
            figures=before + run.now,
            now=run.now,
            lines=stream.line - after_line,
            after_line=after_line,
            took_s=self._clock.monotonic() - started_s,
        )

    def _position(self, wish: Wish) -> Position | None:
        """None where nothing is kept: in a dry run, and for a stream without a name."""
        if wish.dry_run:
            return None
        digest = wish.source.digest() if wish.name is None else None
        key = resuming.key_of(wish.kind, name=wish.name, digest=digest)
        if key is None:
            return None
        name, now = wish.name or wish.source.name, self._clock.now()
        with self._database.writing() as session:
            return resuming.begin(session, key, kind=wish.kind, name=name, now=now, restart=wish.restart)


def _check_length(stream: Stream, after_line: int) -> None:
    if stream.line < after_line:
        raise UnusableFile(
            f"It has {stream.line:,} lines, and {after_line:,} are in under this name; is it another file?"
            " With --restart it is read from its beginning."
        )
