"""One stream: what it has told, and how fast its client takes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from service.access.standing import Identity
from service.http.left_open import Line
from service.streams.frames import HEARTBEAT, opening, place
from service.streams.recent import Framed
from service.streams.viewing import Viewer

HEARTBEAT_EVERY_S = 15.0
MOST_UNSENT = 64 * 1024
"""Bytes that wait for a slow client. Until it has taken them it gets no others."""

MOST_WRITTEN = 128 * 1024
"""Bytes at once, but for a single event that is larger."""

STUCK_FOR_S = 30.0
"""A client that takes nothing for so long is cut off; it comes back, and goes on where it was."""


@dataclass(slots=True, eq=False, kw_only=True)
class Stream:
    """`after`: what lies before it is done. `told`: the last position that the client knows of."""

    line: Line
    identity: Identity
    viewer: Viewer
    types: frozenset[str] | None
    after: int
    now_s: float
    told: int = field(init=False)
    written_at_s: float = field(init=False)
    _written: int = 0
    _taken: int = 0
    _taken_at_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.told = self.after
        self._taken_at_s = self.now_s
        self._write(opening(self.after), self.now_s)

    def descriptor(self) -> int:
        return self.line.descriptor()

    @property
    def has_room(self) -> bool:
        return self.line.unsent() < MOST_UNSENT

    def give(self, frames: bytes, *, told: int, after: int, now_s: float) -> None:
        """`told`: the position of the last of the frames."""
        self.after = after
        if frames:
            self.told = told
            self._write(frames, now_s)

    def beat(self, now_s: float) -> None:
        if now_s - self.written_at_s < HEARTBEAT_EVERY_S or not self.has_room:
            return
        moved = place(self.after) if self.after > self.told else b""
        self.told = self.after
        self._write(moved + HEARTBEAT, now_s)

    def is_stuck(self, now_s: float) -> bool:
        unsent = self.line.unsent()
        taken = self._written - unsent
        if not unsent or taken > self._taken:
            self._taken, self._taken_at_s = taken, now_s
        return now_s - self._taken_at_s > STUCK_FOR_S

    def end(self) -> None:
        """Whoever takes it slowly is not waited for."""
        if self.line.unsent():
            self.line.cut()
        else:
            self.line.end()

    def _write(self, sent: bytes, now_s: float) -> None:
        self._written += len(sent)
        self.written_at_s = now_s
        self.line.write(sent)


def as_many_as_fit(found: Sequence[Framed], whole: int) -> tuple[Sequence[Framed], int]:
    """Of frames that are seen, up to `whole`: those written at once, and up to which position that is all."""
    size = 0
    for number, framed in enumerate(found):
        size += len(framed.frame)
        if size > MOST_WRITTEN and number + 1 < len(found):
            return found[: number + 1], framed.event.position
    return found, whole
