"""Whose the tickets of recent events are, kept for a moment: one statement for all who are shown them."""

from collections.abc import Callable, Collection

from service.permissions import Owners

KEPT_S = 3.0
"""As long as the gate remembers agents."""

MOST_KEPT = 20_000

LookUp = Callable[[Collection[str]], dict[str, Owners]]


class OwnersAtHand:
    def __init__(self, look_up: LookUp) -> None:
        self._look_up = look_up
        self._known: dict[str, tuple[Owners | None, float]] = {}

    def fetch(self, ticket_ids: Collection[str], now_s: float) -> None:
        """Those that are not known, or no longer."""
        missing = {
            ticket_id for ticket_id in ticket_ids if self._known.get(ticket_id, (None, 0.0))[1] <= now_s
        }
        if not missing:
            return
        if len(self._known) + len(missing) > MOST_KEPT:
            self._known.clear()
        found = self._look_up(missing)
        for ticket_id in missing:
            self._known[ticket_id] = (found.get(ticket_id), now_s + KEPT_S)

    def get(self, ticket_id: str | None) -> Owners | None:
        return self._known.get(ticket_id or "", (None, 0.0))[0]
