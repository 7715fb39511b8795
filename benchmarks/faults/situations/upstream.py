"""The provider answers wrongly, or hardly: no 5xx, no untrue number, hardly more calls than requests."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.faults.bench import Bench
from benchmarks.faults.figures import Figure, count
from benchmarks.faults.loads import offer
from benchmarks.faults.mixes import INTELLIGENCE, Desk
from benchmarks.faults.plans import Kind
from benchmarks.faults.samples import Samples
from benchmarks.faults.stage import PROCESSES
from benchmarks.faults.truth import invented

REQUESTS = 550
RATE = 90.0
CALLS_A_REQUEST = 1.1
DEADLINES: Final = {"FACTS_DEADLINE": "3", "TEXTS_DEADLINE": "5", "TEXTS_FACTS_WAIT": "1"}
SLOWEST_S = 5 * 1.1
CLOSED: Final = {"CIRCUIT_FAILURE_THRESHOLD": "1000", "CIRCUIT_MIN_CALLS": "10000"}
"""So that every request meets the fault."""

RETRIES_A_MINUTE = 10
TICKET: Final = "/api/ai/tickets/{ticket}"


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    parameters: dict[str, Any] = field(default_factory=dict)
    quick_to_fail: bool = True


FAULTS: Final = (
    Fault("server_error"),
    Fault("cut"),
    Fault("rate_limited", {"retry_after_s": 5}),
    Fault("garbage"),
    Fault("other_customer"),
    Fault("huge_body"),
    Fault("dripping_header", {"interval_s": 0.2}, quick_to_fail=False),
    Fault("dripping_body", {"interval_s": 0.2}, quick_to_fail=False),
)


def upstream(bench: Bench) -> Iterator[Figure]:
    for fault in FAULTS:
        yield from _with_circuits(bench, fault)
    for fault in FAULTS:
        if fault.quick_to_fail and not bench.quick:
            yield from _without_circuits(bench, fault)


def _with_circuits(bench: Bench, fault: Fault) -> Iterator[Figure]:
    samples, calls = _asked(bench, fault, DEADLINES)
    yield from _honest(fault.name, samples)
    yield Figure(
        what=f"{fault.name}: upstream calls per request",
        measured=calls / len(samples),
        bound=CALLS_A_REQUEST,
        samples=len(samples),
    )
    yield Figure(
        what=f"{fault.name}: slowest answer",
        measured=samples.slowest_ms,
        bound=1000 * SLOWEST_S,
        unit="ms",
        samples=len(samples),
    )


def _without_circuits(bench: Bench, fault: Fault) -> Iterator[Figure]:
    """A text is a request for the facts and one for the text; retries have a budget of their own."""
    name = f"{fault.name}, no circuit"
    samples, calls = _asked(bench, fault, DEADLINES | CLOSED)
    yield from _honest(name, samples)
    questions = len(samples) + len(samples.of("draft", "recommendation"))
    yield count(
        f"{name}: calls within the retry budget",
        calls,
        CALLS_A_REQUEST * questions + RETRIES_A_MINUTE * PROCESSES,
        len(samples),
    )


def _honest(name: str, samples: Samples) -> Iterator[Figure]:
    others = samples.count(lambda sample: sample.status != 200)
    yield count(f"{name}: answers other than 200", others, 0, len(samples))
    untrue = samples.count(lambda sample: bool(invented(sample)))
    yield count(f"{name}: answers with an invented value", untrue, 0, len(samples))


def _asked(bench: Bench, fault: Fault, environment: dict[str, str]) -> tuple[Samples, int]:
    requests = int(bench.pick(REQUESTS, REQUESTS / 3))
    with bench.desk(**environment) as desk:
        bench.stage.let_run_out(desk.known)
        bench.stage.simulator.reset()
        bench.stage.simulator.inject(fault.name, **fault.parameters)
        samples = offer(desk.served, _mix(desk, requests), rate=RATE, seconds=requests / RATE)
        return samples, bench.stage.simulator.calls()


def _mix(desk: Desk, requests: int) -> list[Kind]:
    """Every AI endpoint; facts mostly of customers nobody has asked about, some of known ones."""
    unknown = desk.stage.new_customers(requests)
    churn = desk.stage.new_customers(requests)
    of_ticket = desk.known[: len(desk.tickets)]
    return [
        Kind("unknown", 45, INTELLIGENCE, customers=unknown, keeps=True),
        Kind("known", 20, INTELLIGENCE, customers=desk.known, keeps=True),
        Kind("churn", 10, "/api/ai/customers/{customer}/churn", customers=churn, keeps=True),
        Kind("ltv", 10, "/api/ai/customers/{customer}/ltv", customers=churn, keeps=True),
        Kind("draft", 8, f"{TICKET}/draft-response", of_ticket, desk.tickets, keeps=True),
        Kind("recommendation", 7, f"{TICKET}/recommendation", of_ticket, desk.tickets, keeps=True),
    ]
