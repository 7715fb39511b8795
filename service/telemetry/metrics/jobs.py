"""Timed work."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.jobs import JobOutcome

BOUNDS_S = (0.01, 0.1, 1, 10, 60, 300, 600)
"""Up to the lease of a job."""


class JobMetrics:
    """`service.jobs.JobObserver`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ["job_name", "outcome"]  # Prometheus itself puts a label `job` on every series
        self._runs = Counter("support_job_runs", "Runs of timed work.", labels, registry=registry)
        self._durations = Histogram(
            "support_job_duration_seconds",
            "Time that one run of timed work took.",
            ["job_name"],
            buckets=BOUNDS_S,
            registry=registry,
        )

    def knows(self, job: str) -> None:
        """A counter that begins at 1 has not risen, to Prometheus: so each of a job's begins at 0."""
        for outcome in JobOutcome:
            self._runs.labels(job, outcome.value)

    def ran(self, job: str, outcome: JobOutcome, duration_s: float) -> None:
        self._runs.labels(job, outcome.value).inc()
        self._durations.labels(job).observe(duration_s)
