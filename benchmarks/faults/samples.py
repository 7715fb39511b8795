"""What a load brought back, and how it is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

NO_ANSWER = 0
"""The status where none came: refused, cut, or not within the client's patience."""


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """`at_s`: when it was due, on the monotonic clock of the machine; `took_s` counts from then."""

    kind: str
    customer_id: str
    at_s: float
    took_s: float
    status: int
    body: bytes

    @property
    def failed(self) -> bool:
        return self.status == NO_ANSWER or self.status >= 500

    @property
    def answer(self) -> Any:
        """The JSON of an answer; `{}` where none came, or none was to be kept."""
        return msgspec.json.decode(self.body) if self.body else {}

    @property
    def provenance(self) -> dict[str, Any]:
        told: dict[str, Any] = self.answer.get("provenance") or {}
        return told


@dataclass(frozen=True, slots=True)
class Samples:
    samples: Sequence[Sample]

    def __len__(self) -> int:
        return len(self.samples)

    def of(self, *kinds: str) -> "Samples":
        return self.where(lambda sample: sample.kind in kinds)

    def due(self, since_s: float, until_s: float = float("inf")) -> "Samples":
        return self.where(lambda sample: since_s <= sample.at_s < until_s)

    def where(self, condition: Callable[[Sample], bool]) -> "Samples":
        return Samples([sample for sample in self.samples if condition(sample)])

    def count(self, condition: Callable[[Sample], bool]) -> int:
        return sum(map(condition, self.samples))

    @property
    def p50_ms(self) -> float:
        return self.quantile_ms(0.50)

    @property
    def p99_ms(self) -> float:
        return self.quantile_ms(0.99)

    @property
    def slowest_ms(self) -> float:
        return self.quantile_ms(1.0)

    def quantile_ms(self, share: float) -> float:
        """NaN of nothing: no bound holds then."""
        ordered = sorted(sample.took_s for sample in self.samples)
        if not ordered:
            return float("nan")
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]
