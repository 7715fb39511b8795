"""A figure beside its bound, as a line of the table."""

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.faults.samples import Samples

ENOUGH_FOR_P99 = 1_000
COLUMNS = f"{'situation':<15} {'figure':<62} {'measured':>10} {'bound':>12} {'samples':>8}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Kept where `measured` is at most `bound`, or at least `bound` where `least`.

    `samples`: how many it was taken from. None as `bound`: printed to be compared with, and not judged.
    """

    what: str
    measured: float
    bound: float | None = None
    unit: str = ""
    least: bool = False
    samples: int | None = None

    @property
    def kept(self) -> bool:
        if self.bound is None:
            return True
        return self.measured >= self.bound if self.least else self.measured <= self.bound

    @property
    def verdict(self) -> str:
        if self.bound is None:
            return ""
        few = self.samples is not None and "p99" in self.what and self.samples < ENOUGH_FOR_P99
        return ("ok" if self.kept else "MISSED") + (" (few samples)" if few else "")

    def line(self, situation: str) -> str:
        bound = "" if self.bound is None else f"{'≥' if self.least else '≤'} {_shown(self.bound, self.unit)}"
        samples = "" if self.samples is None else f"{self.samples:,}"
        measured = _shown(self.measured, self.unit)
        return f"{situation:<15} {self.what:<62} {measured:>10} {bound:>12} {samples:>8}  {self.verdict}"


def _shown(value: float, unit: str) -> str:
    if math.isnan(value):
        return "none"
    number = f"{value:,.0f}" if value == int(value) and unit != "ms" else f"{value:,.2f}"
    if unit == "ms":
        number = f"{value:,.1f}"
    return f"{number} {unit}".rstrip()


def count(what: str, measured: float, bound: float, samples: int | None = None) -> Figure:
    return Figure(what=what, measured=measured, bound=bound, samples=samples)


def unanswered(where: str, samples: Samples) -> Figure:
    """Answers of 5xx and requests without an answer, none of which may be; told by status where there are."""
    failed = Counter(str(each.status or "none") for each in samples.samples if each.failed)
    told = ", ".join(f"{status}: {times}" for status, times in sorted(failed.items()))
    what = f"{where}5xx or no answer" + (f" ({told})" if told else "")
    return count(what, failed.total(), 0, len(samples))


def missed(figures: Iterable[Figure]) -> list[Figure]:
    return [figure for figure in figures if not figure.kept]
