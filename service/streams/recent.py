"""The newest events, kept in memory once for all who wait in this process."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from service.events import CUSTOMER_ERASED
from service.feed.following import FedEvent
from service.streams.frames import frame

ERASED = CUSTOMER_ERASED.name
MOST_KEPT = 2_000
READ_AT_ONCE = 500
READS_AT_ONCE = 4
"""In one turn; the rest in the next, so that nobody waits for long."""

Window = Callable[[int, int], Sequence[FedEvent]]


@dataclass(frozen=True, slots=True)
class Framed:
    event: FedEvent
    frame: bytes = field(repr=False)


class RecentEvents:
    """Those at the positions above `first`, up to `last`: none that was read before the newest erasure."""

    def __init__(self) -> None:
        self.first = 0
        self.last = 0
        self._read_since = 0
        self._kept: list[Framed] = []

    def begin_before(self, newest: int) -> None:
        """What came just before is wanted by those who come back after a moment."""
        self._kept = []
        self._read_since = newest
        self.first = self.last = max(0, newest - MOST_KEPT // 2)

    def bring_up(self, newest: int, window: Window) -> bool:
        """Whether there is more to read. After a long sleep what lies between is left to the database."""
        if newest - self.last > MOST_KEPT or newest < self.last:
            self.begin_before(newest)
        for _ in range(READS_AT_ONCE):
            if self.last >= newest:
                return False
            upto = min(self.last + READ_AT_ONCE, newest)
            found = window(self.last, upto - self.last)
            if self._tells_of_erasure(found):
                self.begin_before(newest)
                continue
            self._kept += map(framed, found)
            self.last = upto
            self._drop_oldest()
        return self.last < newest

    def after(self, position: int, most: int) -> tuple[Sequence[Framed], int] | None:
        """So many at most, and up to which position that is all; None where they go back too far."""
        if position < self.first:
            return None
        found = self.since(position)[:most]
        return found, found[-1].event.position if len(found) == most else max(position, self.last)

    def since(self, position: int) -> Sequence[Framed]:
        """All that are kept and come after it."""
        return self._kept[bisect_right(self._kept, position, key=lambda kept: kept.event.position) :]

    def _tells_of_erasure(self, found: Sequence[FedEvent]) -> bool:
        """Of one after which what is kept was not read: what it took out of events stands there still."""
        return any(event.type == ERASED and event.position > self._read_since for event in found)

    def _drop_oldest(self) -> None:
        surplus = len(self._kept) - MOST_KEPT
        if surplus > 0:
            self.first = self._kept[surplus - 1].event.position
            del self._kept[:surplus]


def framed(event: FedEvent) -> Framed:
    return Framed(event, frame(event))
