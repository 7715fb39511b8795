"""Whose the tickets of recent events are, kept for a moment: one statement for all who are shown them."""

from collections.abc import Callable, Collection, Iterable, Mapping

from cachetools import TTLCache

from service.permissions import Owners

KEPT_S = 3.0
"""As long as the gate remembers agents."""

MOST_KEPT = 20_000

LookUp = Callable[[Collection[str]], dict[str, Owners]]


class OwnersAtHand:
    def __init__(self, look_up: LookUp, *, most: int = MOST_KEPT) -> None:
        """`most`: kept from one turn to the next."""
        self._look_up = look_up
        self._now_s = 0.0
        self._kept: TTLCache[str, Owners | None] = TTLCache(most, KEPT_S, timer=lambda: self._now_s)

    def forget(self, ticket_ids: Iterable[str]) -> None:
        """They may be another's by now."""
        for ticket_id in ticket_ids:
            self._kept.pop(ticket_id, None)

    def of(self, ticket_ids: Collection[str], now_s: float) -> Mapping[str, Owners | None]:
        """Of each of them, however few are kept; None for a ticket that is not there."""
        self._now_s = now_s
        known = {ticket_id: self._kept[ticket_id] for ticket_id in ticket_ids if ticket_id in self._kept}
        missing = set(ticket_ids) - known.keys()
        if missing:
            found = self._look_up(missing)
            asked = {ticket_id: found.get(ticket_id) for ticket_id in missing}
            self._kept.update(asked)
            known |= asked
        return known
