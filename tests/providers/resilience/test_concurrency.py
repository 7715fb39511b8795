import threading

import pytest

from providers.errors import Busy, TimedOut
from providers.models import Capability
from providers.resilience.concurrency import Limited
from providers.testing.fakes import ScriptedProvider, sample_answer
from tests.providers.resilience.questions import analysis, at_once, draft, outcome, soon


def test_beyond_the_limit_callers_are_refused_without_waiting(clock):
    inside, leave = threading.Semaphore(0), threading.Event()

    def hang(request, deadline):
        inside.release()
        assert leave.wait(5)
        return sample_answer(Capability.ANALYZE, request, "quimbi", clock.now())

    provider = ScriptedProvider("quimbi", clock=clock).script(Capability.ANALYZE, hang)
    limited = Limited(provider, max_concurrency=2, clock=clock)
    callers = [threading.Thread(target=limited.analyze, args=(analysis(), soon(clock))) for _ in range(2)]
    for caller in callers:
        caller.start()
    for _ in callers:
        assert inside.acquire(timeout=5)
    assert limited.in_flight == 2
    clock.advance(3)
    assert limited.waiting_s() == {Capability.ANALYZE: 3}
    with pytest.raises(Busy):
        limited.draft_reply(draft(), soon(clock))
    leave.set()
    for caller in callers:
        caller.join()
    assert limited.in_flight == 0
    assert limited.waiting_s() == {}
    limited.draft_reply(draft(), soon(clock))


def test_a_failed_call_gives_its_place_back(clock):
    provider = ScriptedProvider("quimbi", clock=clock).script(Capability.ANALYZE, TimedOut())
    limited = Limited(provider, max_concurrency=1, clock=clock)
    for _ in range(3):
        assert isinstance(outcome(lambda: limited.analyze(analysis(), soon(clock))), TimedOut)


def test_without_a_limit_nobody_is_refused(clock):
    limited = Limited(ScriptedProvider("quimbi", clock=clock), max_concurrency=None, clock=clock)
    answers = at_once(16, lambda: limited.analyze(analysis(), soon(clock)))
    assert not any(isinstance(answer, Busy) for answer in answers)
