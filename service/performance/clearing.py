"""What a rebuild counts anew is taken back first, in short transactions: figures, then histories."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, and_, delete, select, text, update
from sqlalchemy.orm import Session

from service.performance.models import FIRST_SLOT, FigureProgress, KeptHistory

PORTION = 1_000
"""Rows: on SQLite nobody else writes meanwhile."""

_BEYOND = text("""
    WITH RECURSIVE known(scope) AS (
        SELECT min(scope) FROM performance_figures
        UNION ALL
        SELECT (SELECT min(one.scope) FROM performance_figures AS one WHERE one.scope > known.scope)
        FROM known WHERE known.scope IS NOT NULL
    )
    SELECT scope, span FROM (
        SELECT known.scope AS scope, spans.span AS span, (
            SELECT max(one.slot) FROM performance_figures AS one
            WHERE one.scope = known.scope AND one.span = spans.span
        ) AS last
        FROM known CROSS JOIN (SELECT 'day' AS span UNION ALL SELECT 'year') AS spans
        WHERE known.scope IS NOT NULL
    ) AS found WHERE last >= :slot LIMIT :limit
""")
"""Scopes and spans of which there is anything from a slot on, by looks along the key."""

_LAST = text("""
    DELETE FROM performance_figures
    WHERE scope = :scope AND span = :span AND slot >= :slot AND slot > coalesce((
        SELECT one.slot FROM performance_figures AS one WHERE one.scope = :scope AND one.span = :span
        ORDER BY one.slot DESC LIMIT 1 OFFSET :limit
    ), -1)
""")


class TakingBack:
    """Goes on with what a rebuild has begun, wherever that is; any number of processes may.

    Figures are looked for by their key. Histories are gone through once by each who takes part, and `_mark`
    is whose rebuild that is: a place in another's is worth nothing.
    """

    def __init__(self, *, portion: int = PORTION) -> None:
        self._portion = portion
        self._mark = 0
        self._after = ""

    def step(self, session: Session, held: FigureProgress) -> int:
        """A portion; how many rows. With the last one, 0, `held` is where counting begins.

        0, too, where nothing is to be taken back.
        """
        if not held.taking_back:
            return 0
        if held.position != self._mark:
            self._mark, self._after = held.position, ""
        slot = FIRST_SLOT if held.sealed_slot is None else held.sealed_slot
        rows = 0 if self._after else _drop_figures(session, slot, self._portion)
        return rows or self._restore_histories(session, held)

    def _restore_histories(self, session: Session, held: FigureProgress) -> int:
        """Those that are sealed; others go."""
        beyond = KeptHistory.id > self._after
        ordered = select(KeptHistory.id).where(beyond).order_by(KeptHistory.id)
        last = session.scalar(ordered.offset(self._portion - 1).limit(1))
        those = beyond if last is None else and_(beyond, KeptHistory.id <= last)
        others = and_(those, KeptHistory.history != KeptHistory.sealed)
        _rows(session, delete(KeptHistory).where(those, KeptHistory.sealed.is_(None)))
        _rows(session, update(KeptHistory).where(others).values(history=KeptHistory.sealed))
        if last is None:
            held.position, self._mark = held.base_position, 0
            return 0
        self._after = last
        return self._portion


def _drop_figures(session: Session, slot: int, portion: int) -> int:
    dropped = 0
    for row in session.execute(_BEYOND, {"slot": slot, "limit": portion}).all():
        those = {"scope": row.scope, "span": row.span, "slot": slot, "limit": portion - dropped}
        dropped += _rows(session, _LAST, those)
        if dropped >= portion:
            break
    return dropped


def _rows(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    return session.connection().execute(statement, values).rowcount
