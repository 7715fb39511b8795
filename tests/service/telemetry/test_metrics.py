"""Counting, apart from who counts."""

import time
from dataclasses import dataclass, replace

import pytest
import structlog
from prometheus_client import CollectorRegistry, Counter
from structlog.testing import capture_logs

from providers.models import Capability, Reason, Source
from providers.ports import CallObserver, ServedRecord
from service.jobs import JobOutcome
from service.telemetry.answers import AnswerLog
from service.telemetry.metrics import Metrics
from service.telemetry.metrics.lanes import LaneFigures, LaneReading
from service.telemetry.metrics.sampling import Rising

STALE = ServedRecord(
    provider="quimbi",
    capability=Capability.ANALYZE,
    source=Source.STALE,
    age_s=7200.0,
    degraded=False,
    reason=Reason.TIMEOUT,
)
GENERIC = replace(STALE, provider="fallback", source=Source.FALLBACK, age_s=0.0, degraded=True)
ANSWER_LABELS = ("provider", "capability", "source", "degraded", "reason")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def test_answers_are_counted_by_where_they_came_from(metrics: Metrics) -> None:
    for record in (STALE, STALE, GENERIC):
        metrics.providers.served(record)

    def told(*values: str) -> float | None:
        labels = dict(zip(ANSWER_LABELS, values, strict=True))
        return metrics.registry.get_sample_value("support_answers_total", labels)

    assert told("quimbi", "analyze", "stale", "false", "timeout") == 2
    assert told("fallback", "analyze", "fallback", "true", "timeout") == 1


def test_only_stale_answers_have_an_age(metrics: Metrics) -> None:
    for record in (STALE, GENERIC):
        metrics.providers.served(record)

    labels = {"provider": "quimbi", "capability": "analyze"}
    value = metrics.registry.get_sample_value
    assert value("support_stale_answer_age_seconds_count", labels) == 1
    assert value("support_stale_answer_age_seconds_bucket", labels | {"le": "3600.0"}) == 0
    assert value("support_stale_answer_age_seconds_bucket", labels | {"le": "21600.0"}) == 1


def test_timed_work_is_counted_by_its_outcome_from_zero(metrics: Metrics) -> None:
    def runs(outcome: JobOutcome) -> float | None:
        labels = {"job_name": "prune", "outcome": outcome.value}
        return metrics.registry.get_sample_value("support_job_runs_total", labels)

    metrics.jobs.knows("prune")
    assert [runs(outcome) for outcome in JobOutcome] == [0, 0, 0]
    metrics.jobs.ran("prune", JobOutcome.FAILED, 0.2)
    assert runs(JobOutcome.FAILED) == 1


def test_a_total_that_is_kept_elsewhere_is_followed() -> None:
    counter = Counter("kept", "Elsewhere.", registry=CollectorRegistry())
    rising = Rising(counter)
    for total in (3, 3, 5):
        rising.rise_to(total)
    assert [sample.value for sample in next(iter(counter.collect())).samples] == [5]


@dataclass
class OneLane:
    shed: int = 0

    def read(self) -> list[LaneReading]:
        return [LaneReading(lane="desk", threads=8, busy=3, queued=2, shed=self.shed)]


def test_requests_shed_are_told_when_sampled(metrics: Metrics) -> None:
    lane = OneLane()
    metrics.sampler.watch(LaneFigures(metrics.registry, lane.read))
    lane.shed = 4
    metrics.sampler.sample()

    value = metrics.registry.get_sample_value
    assert value("support_requests_shed_total", {"lane": "desk"}) == 4
    assert value("support_lane_queue", {"lane": "desk"}) == 2
    assert value("support_lane_threads_busy", {"lane": "desk"}) == 3


def test_two_applications_in_one_process_do_not_mix() -> None:
    one, other = Metrics(), Metrics()
    one.requests.answered("GET", "/livez", 200, 0.001)

    labels = {"method": "GET", "rule": "/livez", "status": "200"}
    assert one.registry.get_sample_value("support_http_requests_total", labels) == 1
    assert other.registry.get_sample_value("support_http_requests_total", labels) is None


def test_a_degraded_answer_is_logged_and_a_stale_one_is_not() -> None:
    observer: CallObserver = AnswerLog()
    structlog.reset_defaults()  # a desk of an earlier test may have left its level
    with capture_logs() as logs:
        observer.served(STALE)
        observer.served(GENERIC)
    assert logs == [
        {
            "event": "answer_degraded",
            "log_level": "info",
            "provider": "fallback",
            "capability": Capability.ANALYZE,
            "source": Source.FALLBACK,
            "reason": Reason.TIMEOUT,
        }
    ]


def test_a_request_pays_less_than_ten_microseconds(metrics: Metrics, full: bool) -> None:
    """The best of some rounds: others share the processor."""
    count, rounds = (20_000, 20) if full else (2_000, 10)
    best_s = float("inf")
    for _ in range(rounds):
        began_s = time.perf_counter()
        for _ in range(count):
            metrics.requests.answered("GET", "/api/tickets", 200, 0.003)
        best_s = min(best_s, (time.perf_counter() - began_s) / count)
    assert best_s < 10e-6
