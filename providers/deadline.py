"""The time by which an answer is worth having."""

import math
from dataclasses import dataclass
from typing import Self

from providers.ports import Clock


@dataclass(frozen=True, slots=True)
class Deadline:
    """`at_s` on the clock's monotonic scale, in seconds."""

    clock: Clock
    at_s: float

    @classmethod
    def after(cls, seconds: float, clock: Clock) -> Self:
        return cls(clock, clock.monotonic() + seconds)

    @classmethod
    def never(cls, clock: Clock) -> Self:
        return cls(clock, math.inf)

    @property
    def remaining_s(self) -> float:
        """Seconds left, 0 once passed."""
        return max(0.0, self.at_s - self.clock.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining_s <= 0

    def within(self, seconds: float) -> "Deadline":
        """The earlier of this deadline and `seconds` from now."""
        return Deadline(self.clock, min(self.at_s, self.clock.monotonic() + seconds))
