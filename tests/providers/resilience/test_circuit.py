from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from providers.errors import (
    AccessRefused,
    Busy,
    CircuitOpen,
    CustomerNotFound,
    DeadlinePassed,
    InvalidAnswer,
    RateLimited,
    RequestRefused,
    TimedOut,
)
from providers.models import Capability
from providers.resilience.breaker import CircuitSettings
from providers.resilience.circuit import Circuit
from providers.resilience.retrying import Waits
from providers.testing.fakes import FakeClock, ScriptedProvider, sample_answer
from tests.providers.resilience.questions import analysis, draft, outcome, soon


@pytest.fixture
def provider(clock: FakeClock) -> ScriptedProvider:
    return ScriptedProvider("quimbi", clock=clock)


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def circuit(provider: ScriptedProvider, waits: Waits, clock: FakeClock) -> Circuit:
    return Circuit(provider, settings=CircuitSettings(), waits=waits, clock=clock)


def ask(circuit, clock, *, customers):
    return [
        outcome(lambda customer=customer: circuit.analyze(analysis(f"c{customer}"), soon(clock)))
        for customer in range(customers)
    ]


@pytest.mark.parametrize("error", [TimedOut(), InvalidAnswer(), AccessRefused()])
def test_an_open_circuit_answers_without_calling_the_provider(circuit, provider, clock, error):
    provider.script(Capability.ANALYZE, error)
    outcomes = ask(circuit, clock, customers=8)
    assert outcomes[:5] == [error] * 5, "the call that trips keeps its own error"
    assert [type(late) for late in outcomes[5:]] == [CircuitOpen] * 3
    assert provider.calls() == 5


@pytest.mark.parametrize(
    "error",
    [RateLimited(), CustomerNotFound(), RequestRefused(), Busy(), DeadlinePassed()],
)
def test_what_says_nothing_of_the_provider_does_not_open_it(circuit, provider, clock, error):
    provider.script(Capability.ANALYZE, error)
    assert ask(circuit, clock, customers=50) == [error] * 50


def test_an_answer_that_the_customer_is_unknown_does_not_interrupt_a_row(circuit, provider, clock):
    answer = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now())
    unknown = replace(answer, known=False)
    provider.script(Capability.ANALYZE, *[TimedOut()] * 4, unknown, TimedOut())
    ask(circuit, clock, customers=6)
    assert circuit.states()[Capability.ANALYZE].name == "open"


def test_capabilities_fail_apart(circuit, provider, clock):
    provider.script(Capability.ANALYZE, TimedOut())
    ask(circuit, clock, customers=5)
    circuit.draft_reply(draft(), soon(clock))
    assert circuit.states()[Capability.ANALYZE].name == "open"
    assert circuit.states()[Capability.DRAFT].name == "closed"


def answering_after(clock, seconds, *, slept=lambda: None):
    def answer(request, deadline):
        slept()
        clock.advance(seconds)
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    return answer


@pytest.mark.parametrize(("seconds", "name"), [(1.0, "closed"), (2.99, "closed"), (3.0, "open")])
def test_slow_answers_are_used_but_open_it(provider, clock, seconds, name):
    settings = CircuitSettings(slow_facts_s=2.995, min_calls=10)
    circuit = Circuit(provider, settings=settings, waits=Waits(), clock=clock)
    provider.script(Capability.ANALYZE, answering_after(clock, seconds))
    answers = ask(circuit, clock, customers=10)
    assert [answer.customer_id for answer in answers] == [f"c{customer}" for customer in range(10)]
    assert circuit.states()[Capability.ANALYZE].name == name


def test_time_slept_between_attempts_is_not_slowness(circuit, provider, waits, clock):
    def sleep():
        waits.total_s += 8
        clock.advance(8)

    provider.script(Capability.ANALYZE, answering_after(clock, 0.1, slept=sleep))
    ask(circuit, clock, customers=7)
    assert circuit.states()[Capability.ANALYZE].failure_rate == 0


def test_a_crash_on_the_way_does_not_leave_a_probe_behind(circuit, provider, clock):
    provider.script(Capability.ANALYZE, TimedOut())
    ask(circuit, clock, customers=5)
    clock.advance(30)
    provider.script(Capability.ANALYZE, RuntimeError())
    with pytest.raises(RuntimeError):
        circuit.analyze(analysis("new"), soon(clock))
    provider.script(Capability.ANALYZE, answering_after(clock, 0))
    circuit.analyze(analysis("new"), soon(clock))
    assert circuit.states()[Capability.ANALYZE].name == "closed"


def test_opening_and_closing_are_log_events(circuit, provider, clock):
    provider.script(Capability.ANALYZE, TimedOut())
    with capture_logs() as logs:
        ask(circuit, clock, customers=5)
        clock.advance(30)
        provider.script(Capability.ANALYZE, answering_after(clock, 0))
        ask(circuit, clock, customers=1)
    assert [(entry["event"], entry["capability"]) for entry in logs] == [
        ("circuit_opened", "analyze"),
        ("circuit_closed", "analyze"),
    ]


def test_an_operator_can_reset_it(circuit, provider, clock):
    provider.script(Capability.ANALYZE, TimedOut())
    ask(circuit, clock, customers=5)
    circuit.reset()
    assert isinstance(ask(circuit, clock, customers=1)[0], TimedOut)


def test_each_opening_by_our_own_failures_is_told_and_no_hint_is(provider, waits, clock):
    told = []
    circuit = Circuit(
        provider, settings=CircuitSettings(), waits=waits, clock=clock, opened=lambda: told.append(1)
    )
    provider.script(Capability.ANALYZE, TimedOut())
    ask(circuit, clock, customers=8)
    circuit.hint_open(Capability.DRAFT, 10)
    assert told == [1]


def test_a_hint_is_for_one_capability_and_a_log_event(circuit, clock):
    with capture_logs() as logs:
        assert circuit.hint_open(Capability.ANALYZE, 10)
        assert not circuit.hint_open(Capability.ANALYZE, 10)
    assert [type(late) for late in ask(circuit, clock, customers=1)] == [CircuitOpen]
    circuit.draft_reply(draft(), soon(clock))
    assert [(entry["event"], entry["capability"]) for entry in logs] == [
        ("circuit_opened_by_hint", "analyze")
    ]
