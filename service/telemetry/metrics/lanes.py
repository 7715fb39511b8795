"""Threads and queues of the server."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge

from service.telemetry.metrics.sampling import Rising


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneReading:
    """`shed`: requests refused since the start because they had waited too long."""

    lane: str
    threads: int
    busy: int
    queued: int
    shed: int


class LaneFigures:
    def __init__(self, registry: CollectorRegistry, read: Callable[[], Sequence[LaneReading]]) -> None:
        self._read = read
        self._threads = self._gauge(registry, "support_lane_threads", "Threads of the lane.")
        self._busy = self._gauge(registry, "support_lane_threads_busy", "Threads that answer a request.")
        self._queued = self._gauge(registry, "support_lane_queue", "Requests that wait for a thread.")
        shed = Counter(
            "support_requests_shed",
            "Requests answered 503 because they waited longer than they are worth.",
            ["lane"],
            registry=registry,
        )
        self._shed = {reading.lane: Rising(shed.labels(reading.lane)) for reading in read()}

    @staticmethod
    def _gauge(registry: CollectorRegistry, name: str, about: str) -> Gauge:
        return Gauge(name, about, ["lane"], registry=registry, multiprocess_mode="livesum")

    def sample(self) -> None:
        for reading in self._read():
            self._threads.labels(reading.lane).set(reading.threads)
            self._busy.labels(reading.lane).set(reading.busy)
            self._queued.labels(reading.lane).set(reading.queued)
            self._shed[reading.lane].rise_to(reading.shed)
