"""One call for several processes: one of them flies, the others watch the board."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from providers.deadline import Deadline
from providers.errors import InProgress
from providers.ports import Claim, FlightBoard

R = TypeVar("R")

POLL_S = 0.03
CLAIM_GRACE_S = 3.0
"""How long past its deadline a flight may take to land; a killed process holds its claim until then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover(Generic[R]):
    """How a result gets to another process: `find` fetches it when the flight has ended, None for nothing.

    It is given the note that the flight has left; no note is made of a result whose place is known anyway.
    """

    find: Callable[[str | None], R | None]
    note: Callable[[R], str] | None = None


@dataclass(frozen=True, slots=True)
class Crossing(Generic[R]):
    """One caller's part in it. It waits for another process until `until_s`, then raises `InProgress`."""

    board: FlightBoard
    key: str
    handover: Handover[R]
    deadline: Deadline
    until_s: float

    def share(self, work: Callable[[], R]) -> R:
        """Works itself where nobody else does, where others ended without a result, or without a board."""
        while (
            claim := self.board.claim(self.key, ttl_s=self.deadline.remaining_s + CLAIM_GRACE_S)
        ) is not None:
            if claim.mine:
                return self._fly(claim, work)
            found = self._watch(claim)
            if found is not None:
                return found
        return work()

    def _fly(self, claim: Claim, work: Callable[[], R]) -> R:
        note = None
        try:
            landed = work()
            if self.handover.note is not None:
                note = self.handover.note(landed)
            return landed
        finally:
            self.board.land(claim, note)

    def _watch(self, claim: Claim) -> R | None:
        """None where that flight ended without a result for us, or is out of sight."""
        clock = self.deadline.clock
        while (sighting := self.board.look(claim)) is not None and sighting.flying:
            left_s = self.until_s - clock.monotonic()
            if left_s <= 0:
                raise InProgress
            clock.sleep(min(POLL_S, left_s))
        return self.handover.find(sighting.note) if sighting is not None else None
