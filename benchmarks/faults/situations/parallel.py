"""40 clients ask for one known customer without a pause."""

import statistics
from collections.abc import Iterator

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure, count, unanswered
from benchmarks.faults.loads import offer
from benchmarks.faults.mixes import BARE, INTELLIGENCE
from benchmarks.faults.plans import Kind
from benchmarks.faults.samples import Samples

CLIENTS = 40
BARE_SHARE = 2.0
WAITS = ("requests_shed", "no connection became free")
"""What the log says when a request waited for a thread or for a connection."""


def parallel(bench: Bench) -> Iterator[Figure]:
    rounds, seconds = int(bench.pick(5, 3)), bench.pick(4, 2)
    ratios, of_service, of_bare = [], Samples([]), Samples([])
    (customer_id,) = bench.stage.new_customers(1)
    mix = [Kind("warm", 1, INTELLIGENCE, customers=[customer_id])]
    with bench.stage.service() as served, bench.stage.bare() as bare:
        served.facts_of(customer_id)
        for _ in range(rounds):
            of_bare = offer(bare, BARE, clients=CLIENTS, seconds=seconds)
            of_service = offer(served, mix, clients=CLIENTS, seconds=seconds)
            ratios.append(of_service.p99_ms / of_bare.p99_ms)
        log = served.log.read_text()
    yield Figure(
        what="bare app, p99 of the last round", measured=of_bare.p99_ms, unit="ms", samples=len(of_bare)
    )
    yield Figure(
        what="service, p99 of the last round", measured=of_service.p99_ms, unit="ms", samples=len(of_service)
    )
    yield Figure(
        what="p99 ÷ p99 of the bare app, median of rounds",
        measured=statistics.median(ratios),
        bound=BARE_SHARE,
        samples=len(of_service) * rounds,
    )
    yield unanswered("", of_service)
    yield count("waits for a thread or a connection, by the log", sum(map(log.count, WAITS)), 0)
