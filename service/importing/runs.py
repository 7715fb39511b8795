"""One run of an import: every batch in one transaction with the place that it reaches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database, DatabaseUnavailable
from service.errors import InvalidField
from service.http.problems import flatten
from service.importing import resuming
from service.importing.columns import Columns
from service.importing.kinds import Kind
from service.importing.report import Figures, Rejection, RejectsFile
from service.importing.resuming import Position
from service.importing.rows import Errors, Row
from service.upserts import Upsert

ATTEMPTS = 3
PAUSE_S = 0.5
"""Before the second attempt; before the third twice that."""


@dataclass(frozen=True, slots=True)
class _Judged:
    """`errors` where it cannot be accepted, else what the kind made of it."""

    record: Row
    accepted: Any
    errors: Errors | None = None


class Run:
    """`now`: what became of the records of this run. Without a position nothing is kept of how far it came;
    in a dry run nothing is written but the rejected lines.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        kind: Kind[Any],
        columns: Columns,
        rejects: RejectsFile,
        *,
        position: Position | None,
        actor: str,
        dry_run: bool,
    ) -> None:
        self._database = database
        self._clock = clock
        self._kind = kind
        self._columns = columns
        self._rejects = rejects
        self._position = position
        self._actor = actor
        self._dry_run = dry_run
        self.now = Figures()

    def take(self, batch: Sequence[Row]) -> None:
        """Raises `Overtaken` and, after some patience, `DatabaseUnavailable`; the batch is then undone."""
        judged = [self._judge(record) for record in batch]
        if self._dry_run:
            refused = [self._rejection(each.record, each.errors) for each in judged if each.errors]
            self._rejects.write(refused)
            self.now += Figures(read=len(batch), rejected=len(refused))
            return
        place = self._rejects.place()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._database.writing() as session:
                    figures, position = self._store(session, judged)
                break
            except (DatabaseUnavailable, IntegrityError):  # somebody else wrote the same just now
                self._rejects.go_back(place)
                if attempt == ATTEMPTS:
                    raise
                self._clock.sleep(PAUSE_S * attempt)
        self.now += figures
        self._position = position

    def finish(self) -> None:
        if self._position is not None:
            with self._database.writing() as session:
                resuming.finish(session, self._position.key, self._clock.now())

    def _judge(self, record: Row) -> _Judged:
        if record.errors is not None:
            return _Judged(record, None, record.errors)
        try:
            return _Judged(record, self._kind.accept(record.values))
        except ValidationError as error:
            return _Judged(record, None, flatten(error.messages))
        except InvalidField as error:
            return _Judged(record, None, {error.field: [str(error)]})

    def _store(self, session: Session, judged: Sequence[_Judged]) -> tuple[Figures, Position | None]:
        accepted = [each.accepted for each in judged if each.errors is None]
        outcomes = iter(self._kind.store(session, accepted, actor=self._actor) if accepted else ())
        rejections: list[Rejection] = []
        done: list[Upsert] = []
        for each in judged:
            outcome = each.errors if each.errors is not None else next(outcomes)
            if isinstance(outcome, Upsert):
                done.append(outcome)
            else:
                rejections.append(self._rejection(each.record, outcome))
        session.flush()
        self._rejects.write(rejections)
        figures = Figures.of(done, read=len(judged), rejected=len(rejections))
        position = self._position and self._position.moved(judged[-1].record.last_line, figures)
        if self._position and position:
            resuming.advance(session, self._position, position, self._clock.now())
        return figures, position

    def _rejection(self, record: Row, errors: Errors) -> Rejection:
        return Rejection(line=record.line, key=self._columns.key_of(record), errors=errors)
