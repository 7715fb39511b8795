"""The provider hangs under load: nobody but who is unknown may feel it; and then it is back."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import ENOUGH_FOR_P99, Figure, count, unanswered
from benchmarks.faults.loads import WARM_UP_S, offered
from benchmarks.faults.mixes import EXPIRED, LIST, LIVEZ, READ, UNKNOWN, WARM, Desk
from benchmarks.faults.samples import Sample, Samples
from benchmarks.faults.truth import tells_facts

DEADLINE_SHARE = 1.1
BASELINE_SHARE = 1.5
LIVEZ_ADDED_MS = 45.0
KNOWN_ADDED_MS = 40.0
OPEN_ADDED_MS = 15.0
BACK_WITHIN_S = 1.0
"""Beyond the interval between probes."""

AFTERWARDS_S = 6.0


@dataclass(frozen=True, slots=True)
class Run:
    """One load over all three times; those named are on its clock."""

    samples: Samples
    warm_at_s: float
    hung_at_s: float
    back_at_s: float

    @property
    def before(self) -> Samples:
        return self.samples.due(self.warm_at_s, self.hung_at_s)

    @property
    def hung(self) -> Samples:
        return self.samples.due(self.hung_at_s, self.back_at_s)

    @property
    def after(self) -> Samples:
        return self.samples.due(self.back_at_s)

    @property
    def open_at_s(self) -> float:
        """The first second of which every unknown customer's answer says that the circuit is open."""
        unknown = sorted(self.hung.of(UNKNOWN).samples, key=lambda sample: sample.at_s)
        last_other_s = self.hung_at_s
        for sample in unknown:
            if sample.at_s - last_other_s >= 1:
                return last_other_s
            if _reason(sample) != "circuit_open":
                last_other_s = sample.at_s
        return self.back_at_s


def hang(bench: Bench) -> Iterator[Figure]:
    probe_interval_s, deadline_s = bench.pick(30, 5), bench.pick(10, 4)  # by default, and to be quick
    environment = {"CIRCUIT_RESET_TIMEOUT": str(probe_interval_s), "FACTS_DEADLINE": str(deadline_s)}
    bare = bench.bare(bench.pick(20, 6))
    with bench.desk(**environment) as desk:
        run = _run(bench, desk, probe_interval_s)
    yield Figure(what="offered requests a second", measured=bench.rate, samples=len(run.samples))
    yield Figure(what="bare app at the same rate, p99", measured=bare.p99_ms, unit="ms", samples=len(bare))
    yield from _of_the_desk(run, bare)
    yield from _of_known(run, bare)
    yield from _of_unknown(run, bare, deadline_s)
    yield unanswered("", run.samples)
    yield from _of_return(run, probe_interval_s)


def _run(bench: Bench, desk: Desk, probe_interval_s: float) -> Run:
    baseline_s = WARM_UP_S + bench.pick(bench.seconds_for(ENOUGH_FOR_P99, 0.10, least=20, most=60), 8)
    hang_s = bench.pick(bench.seconds_for(ENOUGH_FOR_P99, 0.05, least=60, most=115), 16)
    seconds = baseline_s + hang_s + probe_interval_s + AFTERWARDS_S
    mix = desk.mix(unknown=int(bench.rate * seconds))
    with offered(desk.served, mix, rate=bench.rate, seconds=seconds) as load:
        load.wait_until(baseline_s)
        bench.stage.simulator.inject("hang")
        bench.stage.let_run_out(desk.expired)
        hung_at_s = load.wait_until(0)
        load.wait_until(baseline_s + hang_s)
        bench.stage.simulator.clear_faults()
        back_at_s = load.wait_until(0)
    return Run(load.samples, load.warm_at_s, hung_at_s, back_at_s)


def _of_the_desk(run: Run, bare: Samples) -> Iterator[Figure]:
    for kind, name in ((LIST, "ticket list"), (READ, "ticket read")):
        baseline, hung = run.before.of(kind), run.hung.of(kind)
        yield Figure(
            what=f"{name} p99 before the hang", measured=baseline.p99_ms, unit="ms", samples=len(baseline)
        )
        yield _p99(f"{name} p99", hung, BASELINE_SHARE * baseline.p99_ms)
    yield _p99("/livez p99", run.hung.of(LIVEZ), bare.p99_ms + LIVEZ_ADDED_MS)


def _of_known(run: Run, bare: Samples) -> Iterator[Figure]:
    for kind, name in ((WARM, "known customers, cached"), (EXPIRED, "known customers, overdue")):
        hung = run.hung.of(kind)
        yield _p99(f"{name}, p99", hung, bare.p99_ms + KNOWN_ADDED_MS)
        without = hung.count(lambda sample: not tells_facts(sample))
        yield count(f"{name}: answers without their facts", without, 0, len(hung))


def _of_unknown(run: Run, bare: Samples, deadline_s: float) -> Iterator[Figure]:
    unknown = run.hung.of(UNKNOWN)
    yield Figure(
        what="unknown customers, slowest",
        measured=unknown.slowest_ms,
        bound=1000 * deadline_s * DEADLINE_SHARE,
        unit="ms",
        samples=len(unknown),
    )
    opened = unknown.due(run.open_at_s)
    yield Figure(what="until the circuits are open", measured=run.open_at_s - run.hung_at_s, unit="s")
    yield _p99("unknown customers once the circuit is open, p99", opened, bare.p99_ms + OPEN_ADDED_MS)


def _of_return(run: Run, probe_interval_s: float) -> Iterator[Figure]:
    after = run.after.of(UNKNOWN)
    fresh = [sample.at_s + sample.took_s for sample in after.samples if _source(sample) == "fresh"]
    yield Figure(
        what="upstream back: first fresh answer",
        measured=min(fresh, default=float("inf")) - run.back_at_s,
        bound=probe_interval_s + BACK_WITHIN_S,
        unit="s",
        samples=len(after),
    )
    others = [sample.at_s for sample in after.samples if _source(sample) != "fresh"]
    yield Figure(
        what="upstream back: last answer that was not fresh",
        measured=max(others, default=run.back_at_s) - run.back_at_s,
        unit="s",
        samples=len(after),
    )


def _p99(what: str, samples: Samples, bound_ms: float) -> Figure:
    return Figure(what=what, measured=samples.p99_ms, bound=bound_ms, unit="ms", samples=len(samples))


def _reason(sample: Sample) -> str | None:
    reason: str | None = sample.provenance.get("reason")
    return reason


def _source(sample: Sample) -> str | None:
    source: str | None = sample.provenance.get("source")
    return source
