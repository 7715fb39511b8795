"""How changes join what is kept: a row counts from its span's beginning, so later rows change, too. Pure."""

from collections.abc import Callable, Mapping

from service.performance.tallies import Tally


def joined(
    kept: Mapping[int, Tally],
    before: Tally | None,
    before_slot: int | None,
    changes: Mapping[int, Tally],
    begin: Callable[[int], int],
) -> dict[int, Tally]:
    """The rows that become others, by slot.

    `kept`: all rows from the first change on; `before`: the one before that, wherever. `changes`: by slot.
    `begin`: the first slot of a slot's span.
    """
    slots = sorted({*kept, *changes})
    rows: dict[int, Tally] = {}
    happened, levels = Tally(), Tally()
    span: int | None = None
    last, last_begin = before, None if before_slot is None else begin(before_slot)
    for slot in slots:
        if begin(slot) != span:
            span, happened = begin(slot), Tally()
        change = changes.get(slot)
        if change is not None:
            happened.add_happened(change)
            levels.add_levels(change)
        base = kept.get(slot)
        if base is None:
            base = Tally() if last is None else Tally(levels=dict(last.levels))
            if last is not None and last_begin == span:
                base.add_happened(last)
        if change is not None or not (happened.is_nothing and levels.is_nothing):
            rows[slot] = base.copy()
            rows[slot].add_happened(happened)
            rows[slot].add_levels(levels)
        last, last_begin = base, span
    return rows
