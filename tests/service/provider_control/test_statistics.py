import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.models import Capability, Reason, Source
from providers.ports import CallRecord, Outcome, ServedRecord
from providers.testing.fakes import FakeClock, RecordingObserver
from service.intelligence.observers import FannedOut
from service.provider_control.statistics import LATENCY_BOUNDS_S, RECENT_S, CallStatistics


@pytest.fixture
def statistics(clock: FakeClock) -> CallStatistics:
    return CallStatistics(clock)


def call(clock, duration_s=0.1, reason=None, provider="quimbi") -> CallRecord:
    return CallRecord(
        provider=provider,
        capability=Capability.ANALYZE,
        outcome=Outcome.FAILED if reason else Outcome.ANSWERED,
        reason=reason,
        duration_s=duration_s,
        at=clock.now(),
    )


def served(age_s, source=Source.STALE) -> ServedRecord:
    return ServedRecord(
        provider="quimbi",
        capability=Capability.ANALYZE,
        source=source,
        age_s=age_s,
        degraded=False,
        reason=None,
    )


@given(st.lists(st.floats(0, 60)))
def test_the_histogram_is_cumulative_and_a_bound_belongs_to_its_bucket(durations) -> None:
    clock = FakeClock()
    statistics = CallStatistics(clock)
    for duration_s in (*durations, 0.25):
        statistics.called(call(clock, duration_s))
    figures = statistics.of("quimbi").by_capability[Capability.ANALYZE]
    assert figures.calls == len(durations) + 1
    assert list(figures.within) == [
        sum(duration_s <= bound_s for duration_s in (*durations, 0.25)) for bound_s in LATENCY_BOUNDS_S
    ]


def test_calls_and_failures_are_counted_by_provider(statistics, clock) -> None:
    for reason in (None, Reason.TIMEOUT, Reason.UNREACHABLE):
        statistics.called(call(clock, reason=reason))
    figures = statistics.of("quimbi").by_capability[Capability.ANALYZE]
    assert (figures.calls, figures.failures) == (3, 2)
    assert statistics.of("stub").by_capability == {}


def test_the_last_error_outlives_a_success(statistics, clock) -> None:
    assert statistics.of("quimbi").last_error is None
    for reason in (Reason.TIMEOUT, Reason.UNREACHABLE):
        clock.advance(1)
        statistics.called(call(clock, reason=reason))
    failed_at = clock.now()
    clock.advance(1)
    statistics.called(call(clock))
    last = statistics.of("quimbi").last_error
    assert last is not None
    assert (last.reason, last.at) == (Reason.UNREACHABLE, failed_at)


def test_the_oldest_snapshot_served_lately_is_told_and_then_forgotten(statistics, clock) -> None:
    statistics.served(served(9_999, Source.CACHE))
    assert statistics.of("quimbi").oldest_served_s is None
    for age_s in (60, 7_200, 30):
        statistics.served(served(age_s))
    assert statistics.of("quimbi").oldest_served_s == 7_200
    clock.advance(RECENT_S)
    assert statistics.of("quimbi").oldest_served_s == 7_200
    statistics.served(served(90))
    clock.advance(RECENT_S)
    assert statistics.of("quimbi").oldest_served_s == 90
    clock.advance(RECENT_S)
    assert statistics.of("quimbi").oldest_served_s is None


def test_several_observers_are_told_as_one(clock) -> None:
    watching = [RecordingObserver(), RecordingObserver()]
    everybody = FannedOut(watching)
    everybody.called(call(clock))
    everybody.served(served(1))
    assert [(len(each.records), len(each.answers)) for each in watching] == [(1, 1), (1, 1)]
