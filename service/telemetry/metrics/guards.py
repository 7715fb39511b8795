"""How things stand between the service and its providers."""

from collections.abc import Mapping

import pybreaker
from prometheus_client import CollectorRegistry, Counter, Gauge

from providers.chain import GuardStatus, IntelligenceChain
from providers.resilience.refusals import Refused
from service.telemetry.metrics.sampling import Rising

STATES = {pybreaker.STATE_CLOSED: 0, pybreaker.STATE_HALF_OPEN: 1, pybreaker.STATE_OPEN: 2}


class GuardFigures:
    """`limits`: calls at once that a provider may get from this process."""

    def __init__(
        self, registry: CollectorRegistry, chain: IntelligenceChain, limits: Mapping[str, int]
    ) -> None:
        self._chain = chain
        self._circuits = Gauge(
            "support_circuit_state",
            "0 closed, 1 half-open, 2 open; the highest of all processes.",
            ["provider", "capability"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._paused = Gauge(
            "support_provider_pause_seconds",
            "What is left of a pause that the provider asked for; the longest of all processes.",
            ["provider"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._in_flight = Gauge(
            "support_provider_calls_in_flight",
            "Calls to the provider under way.",
            ["provider"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._refusals = Counter(
            "support_provider_refusals",
            "Calls that a guard of ours did not let through to the provider.",
            ["provider", "capability", "reason"],
            registry=registry,
        )
        self._told: dict[Refused, Rising] = {}
        self._refreshes = Gauge(
            "support_refreshes_waiting",
            "Known facts that wait to be brought up to date.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        most = Gauge(
            "support_provider_calls_limit",
            "Calls to the provider that may be under way at once.",
            ["provider"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        for provider, limit in limits.items():
            most.labels(provider).set(limit)

    def sample(self) -> None:
        for provider, status in self._chain.status().items():
            if status.circuits:
                self._sample_provider(provider, status)
        self._refreshes.set(self._chain.refreshes_waiting)
        for refused, count in self._chain.refusals().items():
            self._rising(refused).rise_to(count)

    def _sample_provider(self, provider: str, status: GuardStatus) -> None:
        for capability, state in status.circuits.items():
            self._circuits.labels(provider, capability.value).set(STATES[state.name])
        self._paused.labels(provider).set(status.paused_s)
        self._in_flight.labels(provider).set(status.in_flight)

    def _rising(self, refused: Refused) -> Rising:
        if refused not in self._told:
            child = self._refusals.labels(refused.provider, refused.capability.value, refused.reason.value)
            self._told[refused] = Rising(child)
        return self._told[refused]
