"""What a rebuild counts anew is taken back first, in short transactions: figures, then histories."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable, delete, select, text, update
from sqlalchemy.orm import Session

from service.performance.models import FIRST_SLOT, TAKEN_BACK, FigureProgress, KeptHistory

PORTION = 5_000
"""Rows: some 50 ms, and less than a tenth of the time that a statement has."""

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


def take_back(session: Session, held: FigureProgress) -> int:
    """A portion; how many rows. After the last one `held` is where counting begins.

    0, too, where nothing is to be taken back. Each begins where there is something left, so that any number
    of processes may go on with what one has begun.
    """
    if held.position != TAKEN_BACK:
        return 0
    slot = FIRST_SLOT if held.sealed_slot is None else held.sealed_slot
    rows = _drop_figures(session, slot) or _drop_histories(session) or _restore_histories(session)
    if not rows:
        held.position = held.base_position
    return rows


def _drop_figures(session: Session, slot: int) -> int:
    dropped = 0
    for row in session.execute(_BEYOND, {"slot": slot, "limit": PORTION}).all():
        those = {"scope": row.scope, "span": row.span, "slot": slot, "limit": PORTION - dropped}
        dropped += _rows(session, _LAST, those)
        if dropped >= PORTION:
            break
    return dropped


def _drop_histories(session: Session) -> int:
    """Of what nothing was known by the position at which counting begins."""
    unknown = select(KeptHistory.id).where(KeptHistory.sealed.is_(None)).limit(PORTION)
    return _rows(session, delete(KeptHistory).where(KeptHistory.id.in_(unknown)))


def _restore_histories(session: Session) -> int:
    others = select(KeptHistory.id).where(KeptHistory.history != KeptHistory.sealed).limit(PORTION)
    restoring = update(KeptHistory).where(KeptHistory.id.in_(others)).values(history=KeptHistory.sealed)
    return _rows(session, restoring)


def _rows(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> int:
    return session.connection().execute(statement, values).rowcount
