import threading

import pytest

from providers.errors import CircuitOpen, InProgress, NoAnswer, QuotaSpent, TimedOut
from providers.models import Capability, Reason
from providers.resilience.failover import Failover
from providers.resilience.refreshing import Refresher
from providers.resilience.wrapping import Call
from providers.testing.fakes import ScriptedProvider, StaticToggles, sample_answer
from tests.providers.resilience.questions import analysis, soon


@pytest.fixture
def quimbi(clock) -> ScriptedProvider:
    return ScriptedProvider("quimbi", clock=clock)


def refresher_of(quimbi, clock, threads=0) -> Refresher:
    return Refresher(Failover({"quimbi": quimbi}, StaticToggles("quimbi")), clock=clock, threads=threads)


def want(refresher, clock, customer_id="cust_123"):
    return refresher.want(
        Call(Capability.ANALYZE, analysis(customer_id), soon(clock, 0.001), lambda p, r, d: p.analyze(r, d))
    )


def test_a_refresh_has_a_deadline_of_its_own(quimbi, clock):
    refresher = refresher_of(quimbi, clock)
    want(refresher, clock)
    clock.advance(5)
    assert refresher.refresh_next()
    assert quimbi.recorded[0].deadline.remaining_s == 10


@pytest.mark.parametrize(
    ("error", "told", "due_in_s"),
    [
        (TimedOut(), Reason.TIMEOUT, 10),
        (CircuitOpen(retry_after_s=30), Reason.CIRCUIT_OPEN, 30),
        (QuotaSpent(retry_after_s=600), Reason.RATE_LIMITED, 60),
        (InProgress(), None, 1),
        (ZeroDivisionError(), Reason.PROVIDER_ERROR, 10),
    ],
)
def test_what_keeps_newer_facts_away_is_told_and_tried_again(quimbi, clock, error, told, due_in_s):
    quimbi.script(Capability.ANALYZE, error)
    refresher = refresher_of(quimbi, clock)
    assert want(refresher, clock) is None
    refresher.refresh_next()
    clock.advance(due_in_s - 0.1)
    assert want(refresher, clock) is told
    assert not refresher.refresh_next()
    clock.advance(0.1)
    assert want(refresher, clock) is None
    assert refresher.refresh_next()


def test_with_every_provider_disabled_nothing_breaks(quimbi, clock):
    refresher = Refresher(Failover({"quimbi": quimbi}, StaticToggles()), clock=clock, threads=0)
    want(refresher, clock)
    assert refresher.refresh_next()
    assert want(refresher, clock) is Reason.NOT_CONFIGURED


def test_threads_come_with_work_and_go_with_it(quimbi, clock):
    allowed, busy = threading.Semaphore(0), threading.Semaphore(0)

    def answer(request, _deadline):
        busy.release()
        assert allowed.acquire(timeout=5)
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    quimbi.script(Capability.ANALYZE, answer)
    refresher = refresher_of(quimbi, clock, threads=2)
    for number in range(20):
        want(refresher, clock, f"cust_{number}")
    for _ in range(2):
        assert busy.acquire(timeout=5)
    assert not busy.acquire(timeout=0.05), "never more than two at once"
    assert refresher.waiting == 18
    allowed.release(20)
    for _ in range(18):
        assert busy.acquire(timeout=5)
    assert quimbi.calls() == 20
    refresher.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "refresh"]


def test_a_closed_refresher_starts_nothing(quimbi, clock):
    refresher = refresher_of(quimbi, clock, threads=2)
    refresher.close()
    want(refresher, clock)
    assert quimbi.calls() == 0


def test_no_answer_of_the_first_counts_as_its_reason(quimbi, clock):
    quimbi.script(Capability.ANALYZE, NoAnswer([TimedOut(), CircuitOpen()]))
    refresher = refresher_of(quimbi, clock)
    want(refresher, clock)
    refresher.refresh_next()
    assert want(refresher, clock) is Reason.TIMEOUT


def test_what_a_guard_refused_is_tried_at_once_when_the_guards_were_reset(quimbi, clock):
    quimbi.script(Capability.ANALYZE, CircuitOpen(retry_after_s=30), TimedOut())
    refresher = refresher_of(quimbi, clock)
    want(refresher, clock)
    refresher.refresh_next()
    assert not refresher.refresh_next()
    refresher.resume()
    assert refresher.refresh_next()
