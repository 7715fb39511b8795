"""What every situation is measured on: a stage, the rate of the load, and how long to look."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from benchmarks.faults.loads import offer
from benchmarks.faults.mixes import BARE, UNKNOWN, Desk, furnished
from benchmarks.faults.samples import Samples
from benchmarks.faults.stage import Stage

LOADED_SHARE = 0.25
"""Of the healthy rate: the load under which a fault must not be felt."""

CLIENTS = 16
CUSTOMERS_A_SECOND = 400
"""More than the mix asks about in a closed loop."""


@dataclass
class Bench:
    stage: Stage
    quick: bool

    def pick(self, full: float, quick: float) -> float:
        return quick if self.quick else full

    @contextmanager
    def desk(self, **environment: str) -> Iterator[Desk]:
        with self.stage.service(**environment) as served:
            yield furnished(self.stage, served)

    @cached_property
    def healthy(self) -> Samples:
        """The mix in a closed loop, nothing at fault. The first second is left out."""
        seconds = self.pick(12, 5)
        with self.desk() as desk:
            mix = desk.mix(unknown=int(CUSTOMERS_A_SECOND * seconds))
            samples = offer(desk.served, mix, clients=CLIENTS, seconds=seconds)
        first_s = min(sample.at_s for sample in samples.samples)
        return samples.due(first_s + 1)

    @cached_property
    def healthy_rate(self) -> float:
        """Good answers a second; an unknown customer's is good where the provider was asked."""
        good = self.healthy.count(lambda sample: sample.status == 200)
        return good / (self.pick(12, 5) - 1)

    @property
    def rate(self) -> float:
        return LOADED_SHARE * self.healthy_rate

    @cached_property
    def refused_when_healthy(self) -> int:
        """Unknown customers for whom our own limits let nobody be asked."""
        return self.healthy.of(UNKNOWN).count(lambda sample: sample.provenance.get("degraded") is not False)

    def bare(self, seconds: float) -> Samples:
        """The bare app under a load of the same rate."""
        with self.stage.bare() as bare:
            return offer(bare, BARE, rate=self.rate, seconds=seconds)

    def seconds_for(self, samples: int, share: float, *, least: float, most: float) -> float:
        """How long the load lasts until a kind of this share of it has so many samples, within limits."""
        return min(max(least, 1.1 * samples / (share * self.rate)), most)
