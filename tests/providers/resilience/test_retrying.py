import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.deadline import Deadline
from providers.errors import (
    AccessRefused,
    CustomerNotFound,
    DeadlinePassed,
    InvalidAnswer,
    ProviderError,
    RateLimited,
    TimedOut,
    Unreachable,
    UpstreamError,
)
from providers.interface import GuardPolicy
from providers.models import Capability
from providers.resilience.retry_budget import RetryBudget
from providers.resilience.retrying import BACKOFF_CAP_S, Retrying, Waits
from providers.testing.fakes import FakeClock, FixedRandom, ScriptedProvider, sample_answer
from tests.providers.resilience.questions import analysis, outcome, soon

GOOD = sample_answer(Capability.ANALYZE, analysis(), "quimbi", FakeClock().now())


def retrying(provider, clock, *, max_retries=3, random=0.5, budget=None, timeout_s=30.0):
    return Retrying(
        provider,
        policy=GuardPolicy(max_retries=max_retries, attempt_timeout_s=timeout_s),
        budget=budget or RetryBudget(clock),
        waits=Waits(),
        clock=clock,
        random=FixedRandom(random),
    )


def scripted(clock, *steps):
    return ScriptedProvider("quimbi", clock=clock).script(Capability.ANALYZE, *steps)


@pytest.mark.parametrize("error", [TimedOut(), Unreachable(), UpstreamError()])
def test_what_may_be_bad_luck_is_tried_again(clock, error):
    provider = scripted(clock, error, GOOD)
    assert retrying(provider, clock).analyze(analysis(), soon(clock)) == GOOD
    assert provider.calls() == 2


@pytest.mark.parametrize("error", [AccessRefused(), InvalidAnswer(), CustomerNotFound()])
def test_what_would_fail_again_is_not(clock, error):
    provider = scripted(clock, error, GOOD)
    assert outcome(lambda: retrying(provider, clock).analyze(analysis(), soon(clock))) is error
    assert provider.calls() == 1


@pytest.mark.parametrize("max_retries", [0, 1, 3])
def test_the_last_error_is_the_calls_after_all_retries(clock, max_retries):
    errors = [UpstreamError(str(attempt)) for attempt in range(max_retries + 1)]
    provider = scripted(clock, *errors, GOOD)
    guarded = retrying(provider, clock, max_retries=max_retries)
    assert outcome(lambda: guarded.analyze(analysis(), soon(clock))) is errors[-1]
    assert provider.calls() == max_retries + 1


def test_the_backoff_doubles_under_full_jitter(clock):
    guarded = retrying(scripted(clock, UpstreamError()), clock, random=0.5)
    outcome(lambda: guarded.analyze(analysis(), soon(clock)))
    assert clock.sleeps == pytest.approx([0.1, 0.2, 0.4])


def test_the_backoff_is_capped(clock):
    guarded = retrying(scripted(clock, UpstreamError()), clock, max_retries=9, random=0.999)
    outcome(lambda: guarded.analyze(analysis(), soon(clock, 1000)))
    assert max(clock.sleeps) < BACKOFF_CAP_S


def test_a_backoff_that_does_not_fit_the_deadline_is_not_begun(clock):
    error = UpstreamError()
    guarded = retrying(scripted(clock, error), clock)
    assert outcome(lambda: guarded.analyze(analysis(), soon(clock, 0.25))) is error
    assert clock.sleeps == pytest.approx([0.1])


def test_a_passed_deadline_is_told_without_a_call(clock):
    provider = scripted(clock, GOOD)
    with pytest.raises(DeadlinePassed):
        retrying(provider, clock).analyze(analysis(), soon(clock, 0))
    assert provider.calls() == 0


def test_a_retry_after_that_fits_is_waited_for(clock):
    provider = scripted(clock, RateLimited(retry_after_s=4), GOOD)
    assert retrying(provider, clock).analyze(analysis(), soon(clock)) == GOOD
    assert clock.sleeps == [4]


@pytest.mark.parametrize("retry_after_s", [None, 10, 60])
def test_any_other_rate_limit_is_told_at_once(clock, retry_after_s):
    error = RateLimited(retry_after_s=retry_after_s)
    provider = scripted(clock, error, GOOD)
    assert outcome(lambda: retrying(provider, clock).analyze(analysis(), soon(clock))) is error
    assert clock.sleeps == []
    assert provider.calls() == 1


def test_a_fault_that_names_its_wait_is_not_asked_sooner(clock):
    provider = scripted(clock, UpstreamError(retry_after_s=3), GOOD)
    assert retrying(provider, clock).analyze(analysis(), soon(clock)) == GOOD
    assert clock.sleeps == [3]


def test_an_attempt_gets_the_smaller_of_its_own_time_and_what_is_left(clock):
    provider = scripted(clock, GOOD)
    guarded = retrying(provider, clock, timeout_s=3)
    guarded.analyze(analysis(), soon(clock, 10))
    guarded.analyze(analysis(), soon(clock, 2))
    assert [call.deadline.remaining_s for call in provider.recorded] == [3, 2]


def test_a_spent_budget_ends_the_retries(clock):
    budget = RetryBudget(clock)
    guarded = retrying(scripted(clock, UpstreamError()), clock, random=0, budget=budget)
    provider = guarded.inner
    for _ in range(10):
        outcome(lambda: guarded.analyze(analysis(), soon(clock)))
    assert provider.calls() == 10 + 11, "ten free retries, and one for ten calls"


def test_time_slept_is_accounted_for(clock):
    waits = Waits()
    guarded = Retrying(
        scripted(clock, RateLimited(retry_after_s=4), GOOD),
        policy=GuardPolicy(max_retries=1),
        budget=RetryBudget(clock),
        waits=waits,
        clock=clock,
        random=FixedRandom(0.5),
    )
    guarded.analyze(analysis(), soon(clock))
    assert waits.total_s == 4


faults = st.one_of(
    st.just(GOOD),
    st.builds(UpstreamError, retry_after_s=st.none() | st.floats(0, 20)),
    st.builds(RateLimited, retry_after_s=st.none() | st.floats(0, 20)),
    st.builds(AccessRefused),
)


@given(
    steps=st.lists(faults, min_size=1, max_size=8),
    deadline_s=st.floats(0.001, 30),
    random=st.floats(0, 0.999),
    max_retries=st.integers(0, 6),
)
def test_no_call_sleeps_past_its_deadline_or_tries_too_often(steps, deadline_s, random, max_retries):
    clock = FakeClock()
    provider = scripted(clock, *steps)
    deadline = Deadline.after(deadline_s, clock)
    guarded = retrying(provider, clock, max_retries=max_retries, random=random)
    answer = outcome(lambda: guarded.analyze(analysis(), deadline))
    assert isinstance(answer, ProviderError) or answer == GOOD
    assert clock.monotonic() < deadline_s
    assert 1 <= provider.calls() <= 1 + max_retries


@given(calls=st.lists(st.tuples(st.floats(0, 30), st.integers(0, 40), st.integers(0, 40)), max_size=12))
def test_in_any_minute_retries_stay_within_ten_and_a_tenth_of_the_calls(calls):
    clock = FakeClock()
    budget = RetryBudget(clock)
    made: list[float] = []
    retried: list[float] = []
    for pause_s, fresh, wanted in calls:
        clock.advance(pause_s)
        now = clock.monotonic()
        for _ in range(fresh):
            budget.count_call()
            made.append(now)
        granted = sum(budget.take() for _ in range(wanted))
        retried += [now] * granted
        recent = [moment for moment in retried if moment + 60 > now]
        allowed = 10 + math.floor(len([moment for moment in made if moment + 60 > now]) * 0.1)
        assert granted == 0 or len(recent) <= allowed
        assert granted == wanted or len(recent) >= allowed
