"""`make bench`: warm intelligence against the floor, one process each."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure
from benchmarks.warm_intelligence import compare, targets

LEAST_RATIO = 0.7
CONNECTIONS = 8


def warm(bench: Bench) -> Iterator[Figure]:
    rounds, seconds = int(bench.pick(5, 3)), bench.pick(3, 1.5)
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as directory, targets(Path(directory)) as pair:
        ratio = compare(*pair, rounds=rounds, connections=CONNECTIONS, seconds=seconds)
    yield Figure(
        what="requests a second ÷ the floor's, median of rounds",
        measured=ratio,
        bound=LEAST_RATIO,
        least=True,
        samples=rounds,
    )
