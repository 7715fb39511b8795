from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.columns import Base, Identifier, Json, short_enum
from service.performance.scopes import SCOPE_LENGTH

FIRST_SLOT = 0


class Span(StrEnum):
    """From whose beginning on a row counts."""

    DAY = "day"
    YEAR = "year"


class KindOfHistory(StrEnum):
    TICKET = "ticket"
    AGENT = "agent"


class KeptFigures(Base):
    """What happened to `scope` from the beginning of a span (UTC) on, up to the end of a slot.

    Of a day there is a row for each quarter of an hour in which something changed, `slot` being its number
    since 1970; of a year one for each day, `slot` being the day's first quarter. So what happened between any
    two quarters is a difference of few rows: see ADR 0092. `counts` and `spread` are those of a `Tally`, bins
    packed; `levels`, kept with the rows of days alone, are what was so at the end of the slot.
    """

    __tablename__ = "performance_figures"

    scope: Mapped[str] = mapped_column(String(SCOPE_LENGTH), primary_key=True)
    span: Mapped[Span] = mapped_column(short_enum(Span, "span"), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    counts: Mapped[dict[str, int]] = mapped_column(Json, default=dict)
    spread: Mapped[bytes] = mapped_column(LargeBinary, default=b"")
    levels: Mapped[dict[str, int]] = mapped_column(Json, default=dict)


class KeptHistory(Base):
    """What the next event of a ticket or an agent is told from, as JSON: see `histories`.

    `sealed`: the same as of the position at which a rebuild begins, None where there was none by then.
    """

    __tablename__ = "performance_histories"

    id: Mapped[str] = mapped_column(Identifier, primary_key=True)
    kind: Mapped[KindOfHistory] = mapped_column(short_enum(KindOfHistory, "kind"))
    history: Mapped[str] = mapped_column(Text)
    sealed: Mapped[str | None] = mapped_column(Text)


class FigureProgress(Base):
    """One row. `position`: of the last event that is counted. Below 0 it is the mark of a rebuild that takes
    back what it will count, and nothing is counted meanwhile.

    Slots before `sealed_slot` never change: events up to `sealed_position` are counted in them, and what
    comes later from before it counts at it. `base_position`: where a rebuild begins, with what is sealed of
    the histories.
    """

    __tablename__ = "performance_progress"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, default=0)
    sealed_slot: Mapped[int | None]
    sealed_position: Mapped[int] = mapped_column(BigInteger, default=0)
    base_position: Mapped[int] = mapped_column(BigInteger, default=0)
    sealed_at: Mapped[datetime | None]
    sealed_by: Mapped[str | None] = mapped_column(String(200))

    @property
    def taking_back(self) -> bool:
        return self.position < 0


NOTHING_FOLLOWED: dict[str, Any] = {"id": 1, "position": 0, "sealed_position": 0, "base_position": 0}
