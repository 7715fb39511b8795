"""What a process tells of itself: how it sees the providers, and how its calls go."""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from providers.chain import GuardStatus, IntelligenceChain
from providers.interface import IntelligenceProvider
from providers.models import Capability
from providers.ports import Clock
from providers.resilience.breaker import CircuitState
from service.cache import GatedAnswerCache, InProcessAnswerCache
from service.identifiers import new_id
from service.provider_control.statistics import (
    LATENCY_BOUNDS_S,
    CallFigures,
    CallStatistics,
    LastError,
)
from service.provider_control.toggles import RuntimeToggles, ToggleState

LONGEST_HOST = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process of the service, from its start to its end."""

    id: str
    host: str
    pid: int
    started_at: datetime

    @classmethod
    def this(cls, clock: Clock) -> Self:
        return cls(
            id=new_id("process"),
            host=socket.gethostname()[:LONGEST_HOST],
            pid=os.getpid(),
            started_at=clock.now(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Cumulative: `counts[n]` calls took `bounds_s[n]` seconds at most."""

    bounds_s: Sequence[float]
    counts: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityReport:
    """`circuit` is None for a provider that needs none; counts are of attempts since the process started."""

    circuit: CircuitState | None
    calls: int
    failures: int
    latency: Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderReport:
    """`paused_s`: seconds left of a pause that it asked for."""

    name: str
    enabled: bool
    capabilities: Mapping[Capability, CapabilityReport]
    in_flight: int
    paused_s: float
    last_error: LastError | None
    oldest_served_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheFigures:
    """`hit_rate`: 0..1 of the look-ups, None where there were none."""

    hits: int
    misses: int
    errors: int
    hit_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A circuit that the process opened for failures it saw itself, until a time.

    `resets`: how often operators had reset it by then, so that a reset is not undone by an older opening.
    """

    provider: str
    capability: Capability
    until: datetime
    resets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessReport:
    """`order` is of the enabled providers; `toggles_version` tells which switches it follows."""

    toggles_version: int
    order: Sequence[str]
    providers: Sequence[ProviderReport]
    cache: CacheFigures
    openings: Sequence[Opening]


class Reporter:
    """Makes the report of this process."""

    def __init__(
        self,
        providers: Sequence[IntelligenceProvider],
        *,
        chain: IntelligenceChain,
        toggles: RuntimeToggles,
        statistics: CallStatistics,
        cache: GatedAnswerCache | InProcessAnswerCache,
        clock: Clock,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._chain = chain
        self._toggles = toggles
        self._statistics = statistics
        self._cache = cache
        self._clock = clock

    def report(self) -> ProcessReport:
        state, guards = self._toggles.state, self._chain.status()
        return ProcessReport(
            toggles_version=state.version,
            order=state.enabled,
            providers=[self._of(name, state, guards[name]) for name in state.order],
            cache=self._of_cache(),
            openings=[
                Opening(
                    provider=name,
                    capability=capability,
                    until=self._clock.now() + timedelta(seconds=left_s),
                    resets=state.circuit_resets.get(name, 0),
                )
                for name, guard in guards.items()
                for capability, left_s in guard.openings.items()
            ],
        )

    def _of(self, name: str, state: ToggleState, guard: GuardStatus) -> ProviderReport:
        figures = self._statistics.of(name)
        return ProviderReport(
            name=name,
            enabled=name not in state.disabled,
            capabilities={
                capability: _of_capability(
                    figures.by_capability.get(capability, CallFigures()), guard.circuits.get(capability)
                )
                for capability in sorted(self._providers[name].capabilities)
            },
            in_flight=guard.in_flight,
            paused_s=guard.paused_s,
            last_error=figures.last_error,
            oldest_served_s=figures.oldest_served_s,
        )

    def _of_cache(self) -> CacheFigures:
        counts = self._cache.counts()
        looked_up = counts.hits + counts.misses
        return CacheFigures(
            hits=counts.hits,
            misses=counts.misses,
            errors=counts.errors,
            hit_rate=counts.hits / looked_up if looked_up else None,
        )


def _of_capability(figures: CallFigures, circuit: CircuitState | None) -> CapabilityReport:
    return CapabilityReport(
        circuit=circuit,
        calls=figures.calls,
        failures=figures.failures,
        latency=Latency(bounds_s=LATENCY_BOUNDS_S, counts=figures.within),
    )
