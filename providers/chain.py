"""The chain that the domain calls as its one provider of intelligence.

LastKnownGood          facts only; serves what was once learnt where nothing better is to be had
└ Failover             the enabled providers that declare the capability, in configured order
  ├ Cached             facts only; with single flight
  │ └ Pausing          leaves a provider alone that asked for it
  │   └ Circuit        leaves a provider alone that fails; one logical call is one count
  │     └ Limited      no more calls at once than it can take
  │       └ Retrying   within the deadline and the retry budget
  │         └ Observed one record per attempt
  │           └ Contained → a provider with a policy
  ├ Observed → Contained → a provider without a policy: it computes locally
  └ …
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.interface import IntelligenceProvider
from providers.models import Capability
from providers.ports import AnswerCache, CallObserver, Clock, Random, SnapshotStore, ToggleSource
from providers.resilience.breaker import CircuitState
from providers.resilience.cache_keys import keys_of
from providers.resilience.caching import Cached
from providers.resilience.circuit import Circuit
from providers.resilience.concurrency import Limited
from providers.resilience.containing import Contained
from providers.resilience.failover import Failover
from providers.resilience.last_known_good import LastKnownGood
from providers.resilience.observing import Observed
from providers.resilience.pausing import Pausing
from providers.resilience.quota import BackgroundQuota
from providers.resilience.refusals import Refused
from providers.resilience.retry_budget import RetryBudget
from providers.resilience.retrying import Retrying, Waits
from providers.resilience.settings import ChainSettings, ChainSettingsSchema
from providers.resilience.single_flight import Flights
from providers.resilience.wrapping import A, Call, Wrapper

__all__ = ["ChainSettings", "ChainSettingsSchema", "GuardStatus", "IntelligenceChain", "build_chain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardStatus:
    """How things stand between this process and one provider. `paused_s`: seconds left of a pause."""

    circuits: Mapping[Capability, CircuitState]
    paused_s: float
    in_flight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """One provider behind its guards: `link` as the chain asks it, `direct` past the cache.

    The guards are None for a provider that computes locally and needs none.
    """

    link: IntelligenceProvider
    direct: IntelligenceProvider
    background: IntelligenceProvider
    pausing: Pausing | None = None
    circuit: Circuit | None = None
    limited: Limited | None = None

    def status(self) -> GuardStatus:
        return GuardStatus(
            circuits=self.circuit.states() if self.circuit else {},
            paused_s=self.pausing.remaining_s if self.pausing else 0.0,
            in_flight=self.limited.in_flight if self.limited else 0,
        )

    def reset(self) -> None:
        if self.circuit:
            self.circuit.reset()
        if self.pausing:
            self.pausing.resume()


class IntelligenceChain(Wrapper):
    """Every enabled provider as one. Providers are spoken of by name; an unknown one is a `KeyError`."""

    def __init__(
        self,
        inner: IntelligenceProvider,
        *,
        failover: Failover,
        guarded: Mapping[str, Guarded],
        cache: AnswerCache,
    ) -> None:
        super().__init__(inner)
        self._failover = failover
        self._guarded = guarded
        self._cache = cache

    def around(self, call: Call[A]) -> A:
        return call.on(self.inner)

    def forget(self, customer_id: str) -> None:
        """Drop the customer's cached facts; the last known good stays."""
        self._cache.delete(*keys_of(customer_id))

    def offers(self, capability: Capability) -> bool:
        """Whether an enabled provider that is not generic has the capability."""
        return self._failover.offers(capability)

    def guarded(self, name: str) -> IntelligenceProvider:
        """This provider alone, behind its guards but past the cache."""
        return self._guarded[name].direct

    def background(self, name: str) -> IntelligenceProvider:
        """As `guarded`, within the background's share of the quota."""
        return self._guarded[name].background

    def status(self) -> Mapping[str, GuardStatus]:
        """By provider, enabled or not, for this process."""
        return {name: guarded.status() for name, guarded in self._guarded.items()}

    def circuits(self) -> Mapping[str, Mapping[Capability, CircuitState]]:
        return {name: status.circuits for name, status in self.status().items()}

    def refusals(self) -> Mapping[Refused, int]:
        """Calls that a guard of this process did not let through, since its start."""
        return self._failover.refusals.read()

    def reset_circuits(self, name: str) -> None:
        """Close the provider's circuits and end its pause."""
        self._guarded[name].reset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every guard is made from. `processes`: how many share a provider's quota."""

    settings: ChainSettings
    cache: AnswerCache
    observer: CallObserver
    clock: Clock
    random: Random
    flights: Flights
    processes: int


def build_chain(
    providers: Sequence[IntelligenceProvider],
    settings: ChainSettings,
    *,
    cache: AnswerCache,
    snapshots: SnapshotStore,
    toggles: ToggleSource,
    observer: CallObserver,
    clock: Clock,
    random: Random,
    processes: int = 1,
) -> IntelligenceChain:
    around = Surroundings(
        settings=settings,
        cache=cache,
        observer=observer,
        clock=clock,
        random=random,
        flights=Flights(),
        processes=processes,
    )
    guarded = {provider.name: _guard(provider, around) for provider in providers}
    failover = Failover({name: links.link for name, links in guarded.items()}, toggles)
    remembering = LastKnownGood(
        failover, snapshots=snapshots, toggles=toggles, max_age_s=settings.snapshot_max_age_s, clock=clock
    )
    return IntelligenceChain(remembering, failover=failover, guarded=guarded, cache=cache)


def _guard(provider: IntelligenceProvider, around: Surroundings) -> Guarded:
    """From the inside out: each guard is put around the one above it."""
    settings, clock, random = around.settings, around.clock, around.random
    contained = Contained(provider, clock=clock)
    observed = Observed(contained, observer=around.observer, clock=clock)
    policy = provider.policy
    if policy is None:
        return Guarded(link=observed, direct=observed, background=observed)
    waits = Waits()
    retrying = Retrying(
        observed, policy=policy, budget=RetryBudget(clock), waits=waits, clock=clock, random=random
    )
    limited = Limited(retrying, max_concurrency=policy.max_concurrency)
    circuit = Circuit(limited, settings=settings.circuit, waits=waits, clock=clock)
    pausing = Pausing(circuit, clock=clock)
    cached = Cached(
        pausing,
        cache=around.cache,
        flights=around.flights,
        ttl_s=settings.ttl_s,
        wait_s=settings.single_flight_wait_s,
        random=random,
    )
    return Guarded(
        link=cached if policy.cached else pausing,
        direct=pausing,
        background=BackgroundQuota(pausing, clock=clock, processes=around.processes),
        pausing=pausing,
        circuit=circuit,
        limited=limited,
    )
