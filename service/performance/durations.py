"""How long things took, as counts in fixed logarithmic bins: they add up and subtract exactly.

Bin n > 0 holds what took longer than the bound before it and at most its own; the bounds grow by 13/12. A
quantile told as twice the product of a bin's bounds by their sum is then at most 4 % off: the argument is
that of DDSketch (Masson, Rim and Lee, VLDB 2019), whose bins these are. See ADR 0093.
"""

from bisect import bisect_left
from dataclasses import dataclass
from enum import StrEnum

BINS = 256
SHORTEST_MS = 1_000
"""What took at most a second is in bin 0, told as half a second."""

BOUNDS_MS = tuple(SHORTEST_MS * 13**number // 12**number for number in range(BINS))
"""Upper ones; the last is 23 years, and holds what took longer, too. Whole numbers, the same everywhere."""

RELATIVE_ERROR = 0.04
SHOWN_DIGITS = 3


class Measure(StrEnum):
    """In their order they have their place among the bins that are kept; new ones come last."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


MEASURES = tuple(Measure)
_FIRST_BIN = {measure: place * BINS for place, measure in enumerate(MEASURES)}
ALL_BINS = len(MEASURES) * BINS


def bin_of(measure: Measure, took_ms: int) -> int:
    """Where it is counted, among the bins of all measures."""
    return _FIRST_BIN[measure] + min(bisect_left(BOUNDS_MS, took_ms), BINS - 1)


def told_s(number: int) -> float:
    """Of a bin of one measure."""
    high: float = BOUNDS_MS[number]
    if number == 0:
        return high / 2_000
    low: float = BOUNDS_MS[number - 1]
    return 2 * low * high / (low + high) / 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Durations:
    """Of a measure. Nothing but the count is known where it is 0.

    The mean is exact. The others are by the nearest rank: the least that half, or nine in ten, are not longer
    than, within `RELATIVE_ERROR`.
    """

    count: int = 0
    mean_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None


NONE = Durations()
