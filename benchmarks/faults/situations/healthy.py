"""The mix with nothing at fault: the rate of which the other situations offer a quarter."""

from collections.abc import Iterator

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure, unanswered


def healthy(bench: Bench) -> Iterator[Figure]:
    samples = bench.healthy
    yield Figure(what="requests a second, closed loop", measured=bench.healthy_rate, samples=len(samples))
    yield Figure(what="unknown customers refused by our own limits", measured=bench.refused_when_healthy)
    yield unanswered("", samples)
