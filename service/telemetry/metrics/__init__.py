"""What Prometheus reads of one application: counted where it happens, or sampled where it is kept."""

import platform

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from service import __version__
from service.telemetry.metrics import sharing
from service.telemetry.metrics.jobs import JobMetrics
from service.telemetry.metrics.outbox import OutboxMetrics
from service.telemetry.metrics.providers import ProviderMetrics
from service.telemetry.metrics.requests import RequestMetrics
from service.telemetry.metrics.sampling import Sampler

__all__ = ["Metrics"]

disable_created_metrics()


class Metrics:
    """Of one application. Several in one process do not mix, unless the process shares its figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = RequestMetrics(self.registry)
        self.providers = ProviderMetrics(self.registry)
        self.jobs = JobMetrics(self.registry)
        self.outbox = OutboxMetrics(self.registry)
        self.sampler = Sampler()
        Gauge(
            "support_build_info",
            "The running version; always 1.",
            ["version", "python"],
            registry=self.registry,
            multiprocess_mode="livemax",
        ).labels(__version__, platform.python_version()).set(1)
        restarts = Counter(
            "support_process_restarts", "Processes that took the place of a dead one.", registry=self.registry
        )
        if sharing.is_successor():
            restarts.inc()
