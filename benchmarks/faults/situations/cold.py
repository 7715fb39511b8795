"""200 clients ask for one customer whom nobody has asked about, all at once."""

from collections.abc import Iterator

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure, count
from benchmarks.faults.loads import offer
from benchmarks.faults.mixes import INTELLIGENCE
from benchmarks.faults.plans import Kind
from benchmarks.faults.truth import tells_facts

CLIENTS = 200
UPSTREAM_TAKES_S = 0.5


def cold(bench: Bench) -> Iterator[Figure]:
    rounds = int(bench.pick(10, 3))
    calls, good, slowest_ms = [], [], []
    with bench.stage.service() as served:
        bench.stage.simulator.inject("latency", seconds=UPSTREAM_TAKES_S)
        for customer_id in bench.stage.new_customers(rounds):
            ask = [Kind("cold", 1, INTELLIGENCE, customers=[customer_id], keeps=True)]
            samples = offer(served, ask, burst=CLIENTS)
            calls.append(bench.stage.simulator.calls("analyze", customer_id=customer_id))
            good.append(samples.count(tells_facts))
            slowest_ms.append(samples.slowest_ms)
    of = rounds * CLIENTS
    yield count("upstream calls for one customer, worst round", max(calls), 1, of)
    yield Figure(what="good answers, worst round", measured=min(good), bound=CLIENTS, least=True, samples=of)
    yield Figure(what="slowest answer", measured=max(slowest_ms), unit="ms", samples=of)
