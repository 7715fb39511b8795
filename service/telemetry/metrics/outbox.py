"""What is made of events, and what of it is to leave the desk."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

DELAYS_S = (0.1, 0.5, 1, 2, 5, 15, 60, 600, 3_600, 86_400)
FAILURES = ("again", "dead")
WAITING = ("pending", "dead")

Waiting = tuple[str, str, int, datetime]
"""Channel, state, how many, and since when."""


class OutboxMetrics:
    """`service.outbox.dispatching.DeliveryObserver`. Each process sees all that waits: the highest counts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._channels: list[str] = []
        self._deliveries = Counter(
            "support_outbox_delivered", "Deliveries that arrived.", ["channel"], registry=registry
        )
        self._failures = Counter(
            "support_outbox_failed",
            "Attempts at a delivery that failed: it will be tried again, or is dead.",
            ["channel", "outcome"],
            registry=registry,
        )
        self._delays = Histogram(
            "support_outbox_delay_seconds",
            "Time from when a delivery could first be made until it arrived.",
            ["channel"],
            buckets=DELAYS_S,
            registry=registry,
        )
        self._depth = Gauge(
            "support_outbox_depth",
            "Deliveries that wait, or are dead; counted up to 10,000 of each.",
            ["channel", "state"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._age = Gauge(
            "support_outbox_oldest_age_seconds",
            "Age of the oldest delivery that waits, or is dead.",
            ["channel", "state"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._behind = Gauge(
            "support_feed_behind_positions",
            "Numbered events that a follower has not been told of.",
            ["follower"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def knows(self, channels: Iterable[str]) -> None:
        """A counter that begins at 1 has not risen, to Prometheus: so each of a channel's begins at 0."""
        for channel in channels:
            self._channels.append(channel)
            self._deliveries.labels(channel)
            for outcome in FAILURES:
                self._failures.labels(channel, outcome)

    def delivered(self, channel: str, delay_s: float) -> None:
        self._deliveries.labels(channel).inc()
        self._delays.labels(channel).observe(delay_s)

    def failed(self, channel: str, *, again: bool) -> None:
        self._failures.labels(channel, FAILURES[0] if again else FAILURES[1]).inc()

    def see(self, waiting: Iterable[Waiting], behind: Mapping[str, int], now: datetime) -> None:
        found = {(channel, state): (count, since) for channel, state, count, since in waiting}
        wanted = {(channel, state) for channel in self._channels for state in WAITING}
        for channel, state in sorted(wanted | found.keys()):
            count, since = found.get((channel, state), (0, now))
            self._depth.labels(channel, state).set(count)
            self._age.labels(channel, state).set(max(0.0, (now - since).total_seconds()))
        for follower, positions in behind.items():
            self._behind.labels(follower).set(positions)
