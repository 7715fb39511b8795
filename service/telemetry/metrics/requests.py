"""Requests, as the application answers them."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from service.telemetry.metrics.buckets import DURATIONS_S

UNMATCHED = "unmatched"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Children are kept in a dictionary: finding one by its labels takes longer than counting in it."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "support_http_requests",
            "Requests answered by the application.",
            ["method", "rule", "status"],
            registry=registry,
        )
        self._durations = Histogram(
            "support_http_request_duration_seconds",
            "Time to the answer, without the wait for a thread.",
            ["method", "rule"],
            buckets=DURATIONS_S,
            registry=registry,
        )
        self._children: dict[tuple[str, str | None, int], tuple[Counter, Histogram]] = {}

    def answered(self, method: str, rule: str | None, status: int, duration_s: float) -> None:
        """`rule`: the URL rule, None where no rule matched the path."""
        key = (method if method in METHODS else "other", rule, status)
        counter, histogram = self._children.get(key) or self._new_children(key)
        counter.inc()
        histogram.observe(duration_s)

    def _new_children(self, key: tuple[str, str | None, int]) -> tuple[Counter, Histogram]:
        method, rule, status = key
        children = (
            self._requests.labels(method, rule or UNMATCHED, str(status)),
            self._durations.labels(method, rule or UNMATCHED),
        )
        self._children[key] = children
        return children
