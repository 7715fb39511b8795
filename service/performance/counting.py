"""Changes of figures, written into the rows that are kept."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from service.days import day_of, year_of
from service.performance import queries
from service.performance.models import Span
from service.performance.queries import NEVER, Stretch
from service.performance.running import joined
from service.performance.tallies import Tally, packed, unpacked

Changes = dict[str, dict[int, Tally]]
"""By scope and quarter."""

Row = dict[str, Any]


def count_up(session: Session, changes: Changes) -> None:
    by_day = {scope: _without_levels_by_day(slots) for scope, slots in changes.items()}
    rows = _changed(session, Span.DAY, changes, day_of) + _changed(session, Span.YEAR, by_day, year_of)
    queries.put_figures(session, rows)


def kept(row: Any) -> Tally:
    return Tally(dict(row.counts), unpacked(row.spread), dict(row.levels))


def row_of(scope: str, span: Span, slot: int, tally: Tally) -> Row:
    return {
        "scope": scope,
        "span": span,
        "slot": slot,
        "counts": tally.counts,
        "spread": packed(tally.spread),
        "levels": tally.levels,
    }


def _without_levels_by_day(slots: Mapping[int, Tally]) -> dict[int, Tally]:
    days: dict[int, Tally] = {}
    for quarter, tally in slots.items():
        days.setdefault(day_of(quarter), Tally()).add_happened(tally)
    return days


def _changed(session: Session, span: Span, changes: Changes, begin: Callable[[int], int]) -> list[Row]:
    """Two statements, however many scopes and slots there are."""
    those = sorted(changes)
    firsts = [min(changes[scope]) for scope in those]
    since = 0 if span is Span.DAY else None  # levels go on from whatever day; a year begins anew
    earlier = [
        Stretch(scope, span, begin(first) if since is None else since, first)
        for scope, first in zip(those, firsts, strict=True)
    ]
    before = queries.last_within(session, earlier)
    later: list[dict[int, Tally]] = [{} for _ in those]
    for row in queries.all_within(
        session, [Stretch(scope, span, first, NEVER) for scope, first in zip(those, firsts, strict=True)]
    ):
        later[row.number][row.slot] = kept(row)
    rows: list[Row] = []
    for number, scope in enumerate(those):
        last = before.get(number)
        found = joined(
            later[number],
            kept(last) if last is not None else None,
            last.slot if last is not None else None,
            changes[scope],
            begin,
        )
        rows += [row_of(scope, span, slot, tally) for slot, tally in found.items()]
    return rows
