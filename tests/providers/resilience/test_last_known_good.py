from datetime import timedelta

import pytest

from providers.errors import NoAnswer, TimedOut
from providers.models import Capability, Reason, Source
from providers.resilience.last_known_good import LastKnownGood
from providers.testing.fakes import (
    FakeClock,
    InMemorySnapshotStore,
    ScriptedProvider,
    StaticToggles,
    sample_answer,
)
from tests.providers.resilience.questions import analysis, draft, ltv, outcome, soon

MAX_AGE_S = 3600


@pytest.fixture
def inner(clock: FakeClock) -> ScriptedProvider:
    return ScriptedProvider("quimbi", clock=clock)


@pytest.fixture
def snapshots() -> InMemorySnapshotStore:
    return InMemorySnapshotStore()


@pytest.fixture
def toggles() -> StaticToggles:
    return StaticToggles("quimbi", "fallback")


@pytest.fixture
def remembering(inner, snapshots, toggles, clock) -> LastKnownGood:
    return LastKnownGood(inner, snapshots=snapshots, toggles=toggles, max_age_s=MAX_AGE_S, clock=clock)


def fallback_answer(clock):
    answer = sample_answer(Capability.ANALYZE, analysis(), "fallback", clock.now())
    return answer.with_provenance(source=Source.FALLBACK, degraded=True, reason=Reason.TIMEOUT)


def test_what_was_learnt_is_served_stale_when_the_provider_is_down(remembering, inner, clock):
    learnt = remembering.analyze(analysis(), soon(clock))
    clock.advance(600)
    inner.script(Capability.ANALYZE, NoAnswer([TimedOut()]))
    stale = remembering.analyze(analysis(), soon(clock))
    assert stale == learnt.with_provenance(source=Source.STALE, reason=Reason.TIMEOUT)
    assert not stale.provenance.degraded


def test_what_was_learnt_goes_before_the_fallback(remembering, inner, clock):
    learnt = remembering.analyze(analysis(), soon(clock))
    inner.script(Capability.ANALYZE, fallback_answer(clock))
    assert remembering.analyze(analysis(), soon(clock)).metrics == learnt.metrics


def test_where_nothing_was_learnt_the_fallback_or_the_error_stands(remembering, inner, clock):
    inner.script(Capability.ANALYZE, fallback_answer(clock), NoAnswer([TimedOut()]))
    assert remembering.analyze(analysis(), soon(clock)) == fallback_answer(clock)
    with pytest.raises(NoAnswer):
        remembering.analyze(analysis(), soon(clock))


@pytest.mark.parametrize(("age_s", "served"), [(MAX_AGE_S, True), (MAX_AGE_S + 1, False)])
def test_an_age_limit_ends_it(remembering, inner, clock, age_s, served):
    remembering.analyze(analysis(), soon(clock))
    clock.advance(age_s)
    inner.script(Capability.ANALYZE, TimedOut())
    answer = outcome(lambda: remembering.analyze(analysis(), soon(clock)))
    assert isinstance(answer, TimedOut) is not served


def test_nothing_of_a_disabled_provider_is_served(remembering, inner, toggles, clock):
    remembering.analyze(analysis(), soon(clock))
    toggles.names = ("fallback",)
    inner.script(Capability.ANALYZE, TimedOut())
    with pytest.raises(TimedOut):
        remembering.analyze(analysis(), soon(clock))


def test_another_horizon_is_another_fact(remembering, inner, clock):
    remembering.forecast_ltv(ltv(6), soon(clock))
    inner.script(Capability.LTV, TimedOut())
    assert remembering.forecast_ltv(ltv(6), soon(clock)).horizon_months == 6
    with pytest.raises(TimedOut):
        remembering.forecast_ltv(ltv(12), soon(clock))


@pytest.mark.parametrize(
    "changes", [{"source": Source.CACHE}, {"degraded": True}, {"source": Source.FALLBACK}]
)
def test_only_fresh_and_whole_answers_are_written(remembering, inner, snapshots, clock, changes):
    answer = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now())
    inner.script(Capability.ANALYZE, answer.with_provenance(**changes))
    remembering.analyze(analysis(), soon(clock))
    assert len(snapshots) == 0


def test_that_a_customer_is_unknown_is_learnt_too(remembering, inner, clock):
    answer = sample_answer(Capability.ANALYZE, analysis(), "quimbi", clock.now() - timedelta(seconds=5))
    unknown = type(answer)(provenance=answer.provenance, known=False, customer_id="cust_123")
    inner.script(Capability.ANALYZE, unknown, TimedOut())
    remembering.analyze(analysis(), soon(clock))
    stale = remembering.analyze(analysis(), soon(clock))
    assert not stale.known
    assert (stale.provenance.source, stale.provenance.reason) == (Source.STALE, Reason.UNKNOWN_CUSTOMER)


def test_texts_are_never_remembered(remembering, inner, snapshots, clock):
    remembering.draft_reply(draft(), soon(clock))
    inner.script(Capability.DRAFT, TimedOut())
    with pytest.raises(TimedOut):
        remembering.draft_reply(draft(), soon(clock))
    assert len(snapshots) == 0
