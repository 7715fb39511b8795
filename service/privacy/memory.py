"""What a process remembers of customers, dropped once somebody was erased in any process."""

from collections.abc import Callable, Mapping, Sequence

from providers.ports import Clock
from service.database import Database
from service.privacy import queries

LONGEST_CALL_S = 120
"""Past the longest deadline of a call that was under way when somebody was erased: it may bring facts yet."""


class Memory:
    """`forget` drops all that is remembered: what was erased elsewhere has no id by which to drop it alone.

    It costs a look at the snapshots for each customer who is asked for next, and no call upstream.
    """

    def __init__(self, database: Database, clock: Clock, forget: Sequence[Callable[[], None]]) -> None:
        self._database = database
        self._clock = clock
        self._forget = forget
        self._heard_of: int | None = None
        self._until_s = 0.0

    def forget_erased(self) -> Mapping[str, int]:
        now_s = self._clock.monotonic()
        with self._database.reading() as session:
            newest = queries.newest_erasure(session)
        if newest != self._heard_of:
            self._heard_of, self._until_s = newest, now_s + LONGEST_CALL_S
        if now_s >= self._until_s:
            return {}
        for forget in self._forget:
            forget()
        return {"memories": len(self._forget)}
