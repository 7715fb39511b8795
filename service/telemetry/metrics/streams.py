"""Who waits for events."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge


class StreamFigures:
    """`watching`: streams and requests that wait, in this process."""

    def __init__(self, registry: CollectorRegistry, watching: Callable[[], int], *, most: int) -> None:
        self._watching = watching
        self._open = Gauge(
            "support_event_watchers",
            "Streams of events that are open, and requests that wait for one.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        limit = Gauge(
            "support_event_watchers_limit",
            "Streams and waiting requests that there may be at once.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        limit.set(most)

    def sample(self) -> None:
        self._open.set(self._watching())
