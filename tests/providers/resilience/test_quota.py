import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.errors import QuotaSpent
from providers.interface import GuardPolicy
from providers.resilience.quota import BackgroundQuota
from providers.resilience.windows import MovingWindow
from providers.testing.fakes import FakeClock, ScriptedProvider
from tests.providers.resilience.questions import analysis, outcome, soon


def background(clock, *, per_minute=None, per_hour=None, processes=1):
    policy = GuardPolicy(calls_per_minute=per_minute, calls_per_hour=per_hour)
    provider = ScriptedProvider("quimbi", clock=clock, policy=policy)
    return BackgroundQuota(provider, clock=clock, processes=processes)


def granted(quota, clock, wishes):
    for _ in range(wishes):
        outcome(lambda: quota.analyze(analysis(), soon(clock)))
    return quota.inner.calls()


@pytest.mark.parametrize(("processes", "share"), [(1, 50), (2, 25), (1000, 1)])
def test_the_background_gets_half_of_a_minutes_quota_shared_over_processes(clock, processes, share):
    assert granted(background(clock, per_minute=100, processes=processes), clock, 200) == share


def test_a_spent_quota_tells_when_there_is_room_again(clock):
    quota = background(clock, per_minute=4)
    granted(quota, clock, 1)
    clock.advance(20)
    granted(quota, clock, 1)
    with pytest.raises(QuotaSpent) as raised:
        quota.analyze(analysis(), soon(clock))
    assert raised.value.retry_after_s == pytest.approx(40)
    clock.advance(40)
    quota.analyze(analysis(), soon(clock))


def test_the_hours_quota_holds_too_and_a_refused_call_costs_nothing(clock):
    quota = background(clock, per_minute=30, per_hour=20)
    assert granted(quota, clock, 60) == 10
    clock.advance(3599)
    assert granted(quota, clock, 60) == 10
    clock.advance(1)
    assert granted(quota, clock, 1) == 11


def test_without_a_quota_nothing_is_refused(clock):
    assert granted(background(clock), clock, 300) == 300


@given(
    limit=st.integers(1, 5),
    steps=st.lists(st.floats(0, 20), max_size=60),
)
def test_no_window_ever_holds_more_than_its_limit(limit, steps):
    clock = FakeClock()
    window = MovingWindow(10, clock)
    taken: list[float] = []
    for pause_s in steps:
        clock.advance(pause_s)
        now = clock.monotonic()
        wait_s = window.add_below(limit)
        if wait_s == 0:
            taken.append(now)
        recent = [moment for moment in taken if moment + 10 > now]
        assert window.count() == len(recent) <= limit
        assert wait_s == 0 or (len(recent) == limit and 0 < wait_s <= 10 + 1e-9)
