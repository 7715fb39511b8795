"""The chain that the domain calls as its one provider of intelligence.

LastKnownGood              facts only; what is known is served at once, and refreshed behind
└ Failover                 the enabled providers that declare the capability, in configured order
  ├ Cached                 facts only; with single flight
  │ └ Keeping              writes fresh facts through to the snapshots
  │   └ Placed             leaves half of a server's threads to answers that need not wait
  │     └ Pausing          leaves a provider alone that asked for it
  │       └ Circuit        leaves a provider alone that fails; one logical call is one count
  │         └ Limited      no more calls at once than it can take
  │           └ Retrying   within the deadline and the retry budget
  │             └ Observed one record per attempt
  │               └ Contained → a provider with a policy
  ├ Keeping → Observed → Contained → a provider without a policy: it computes locally
  ├ …
  └ Observed → Contained → a generic provider, whose words are not kept

Refresher                  what LastKnownGood wants brought up to date
└ Failover                 the same providers, none of them generic
  └ Cached → Keeping → BackgroundQuota → Pausing, as above
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from providers.deadline import Deadline
from providers.interface import IntelligenceProvider
from providers.models import Capability, CustomerRef
from providers.ports import (
    AnswerCache,
    CallObserver,
    Clock,
    Random,
    ServedRecord,
    SnapshotStore,
    ToggleSource,
)
from providers.resilience.breaker import CircuitState
from providers.resilience.cache_keys import keys_of
from providers.resilience.caching import Cached
from providers.resilience.circuit import Circuit
from providers.resilience.concurrency import Limited
from providers.resilience.containing import Contained
from providers.resilience.failover import Failover
from providers.resilience.held_facts import HeldFacts
from providers.resilience.keeping import Keeping
from providers.resilience.last_known_good import Awaiting, LastKnownGood
from providers.resilience.observing import Observed
from providers.resilience.pausing import Pausing
from providers.resilience.places import Placed
from providers.resilience.quota import BackgroundQuota
from providers.resilience.refreshing import Refresher
from providers.resilience.refusals import Refused
from providers.resilience.retry_budget import RetryBudget
from providers.resilience.retrying import Retrying, Waits
from providers.resilience.settings import ChainSettings, ChainSettingsSchema
from providers.resilience.single_flight import Flights
from providers.resilience.wrapping import A, Call, Wrapper, analysis_of

__all__ = ["ChainSettings", "ChainSettingsSchema", "GuardStatus", "IntelligenceChain", "build_chain"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardStatus:
    """How things stand between this process and one provider.

    `paused_s`: seconds left of a pause. `waiting_s`: how long the oldest call in flight has waited.
    """

    circuits: Mapping[Capability, CircuitState]
    paused_s: float
    in_flight: int
    waiting_s: Mapping[Capability, float]

    @property
    def openings(self) -> Mapping[Capability, float]:
        """Seconds left of the circuits that this process itself found reason to open."""
        return {
            capability: state.retry_after_s
            for capability, state in self.circuits.items()
            if state.retry_after_s > 0 and not state.hinted
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """One provider behind its guards: `link` as the chain asks it, `refreshing` as the refresher does.

    `direct` is past the cache, `background` the same within the background's quota. The guards are None
    for a provider that computes locally and needs none, `cached` for one that is not cached.
    """

    link: IntelligenceProvider
    refreshing: IntelligenceProvider
    direct: IntelligenceProvider
    background: IntelligenceProvider
    cached: Cached | None = None
    pausing: Pausing | None = None
    circuit: Circuit | None = None
    limited: Limited | None = None

    def status(self) -> GuardStatus:
        return GuardStatus(
            circuits=self.circuit.states() if self.circuit else {},
            paused_s=self.pausing.remaining_s if self.pausing else 0.0,
            in_flight=self.limited.in_flight if self.limited else 0,
            waiting_s=self.limited.waiting_s() if self.limited else {},
        )

    def hint_open(self, capability: Capability, left_s: float) -> bool:
        return self.circuit is not None and self.circuit.hint_open(capability, left_s)

    def reset(self) -> None:
        if self.circuit:
            self.circuit.reset()
        if self.pausing:
            self.pausing.resume()


class IntelligenceChain(Wrapper):
    """Every enabled provider as one. Providers are spoken of by name; an unknown one is a `KeyError`."""

    def __init__(
        self,
        inner: LastKnownGood,
        *,
        failover: Failover,
        guarded: Mapping[str, Guarded],
        cache: AnswerCache,
        refresher: Refresher,
        observer: CallObserver,
        clock: Clock,
    ) -> None:
        super().__init__(inner)
        self.awaiting: IntelligenceProvider = Awaiting(inner)
        """The same for who would rather wait for fresh facts than have the known ones at once."""

        self._failover = failover
        self._guarded = guarded
        self._cache = cache
        self._refresher = refresher
        self._observer = observer
        self._clock = clock

    def around(self, call: Call[A]) -> A:
        answer = call.on(self.inner)
        provenance = answer.provenance
        self._observer.served(
            ServedRecord(
                provider=provenance.provider,
                capability=call.capability,
                source=provenance.source,
                age_s=max(0.0, (self._clock.now() - provenance.as_of).total_seconds()),
                degraded=provenance.degraded,
                reason=provenance.reason,
            )
        )
        return answer

    def forget(self, customer_id: str) -> None:
        """Drop the customer's cached facts; the last known good stays."""
        self._cache.delete(*keys_of(customer_id))

    def refresh_behind(self, customer: CustomerRef) -> None:
        """Have what is known of the customer brought up to date some time, newest wish first."""
        if self.offers(Capability.ANALYZE):
            self._refresher.want(analysis_of(customer, Deadline.after(0.0, self._clock)))

    def offers(self, capability: Capability) -> bool:
        """Whether an enabled provider that is not generic has the capability."""
        return self._failover.offers(capability)

    @property
    def refreshes_waiting(self) -> int:
        """Facts of this process that are to be brought up to date."""
        return self._refresher.waiting

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

    def hint_open(self, name: str, capability: Capability, left_s: float) -> bool:
        """Another process has opened this circuit for `left_s` more; whether ours opened for that reason."""
        return self._guarded[name].hint_open(capability, left_s)

    def refusals(self) -> Mapping[Refused, int]:
        """Calls that a guard of this process did not let through, since its start."""
        return self._failover.refusals.read()

    def reset_circuits(self, name: str) -> None:
        """Close the provider's circuits and end its pause."""
        self._guarded[name].reset()
        self._refresher.resume()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every guard is made from. `processes`: how many share a provider's quota."""

    settings: ChainSettings
    cache: AnswerCache
    snapshots: SnapshotStore
    observer: CallObserver
    clock: Clock
    random: Random
    flights: Flights
    processes: int
    circuit_opened: Callable[[], None]


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
    flights: Flights | None = None,
    processes: int = 1,
    circuit_opened: Callable[[], None] = lambda: None,
) -> IntelligenceChain:
    """`circuit_opened` is called, in the caller's thread, whenever a circuit opens by our own failures."""
    around = Surroundings(
        settings=settings,
        cache=cache,
        snapshots=snapshots,
        observer=observer,
        clock=clock,
        random=random,
        flights=flights or Flights(),
        processes=processes,
        circuit_opened=circuit_opened,
    )
    guarded = {provider.name: _guard(provider, around) for provider in providers}
    failover = Failover({name: links.link for name, links in guarded.items()}, toggles)
    refreshed = {name: links.refreshing for name, links in guarded.items() if not links.link.generic}
    refresher = Refresher(Failover(refreshed, toggles), clock=clock)
    last_known_good = LastKnownGood(
        failover,
        caches={name: links.cached for name, links in guarded.items() if links.cached},
        asked=failover.asked,
        facts=HeldFacts(
            snapshots,
            asked=failover.asked,
            ttl_s=settings.ttl_s,
            max_age_s=settings.snapshot_max_age_s,
            clock=clock,
        ),
        refresher=refresher,
    )
    return IntelligenceChain(
        last_known_good,
        failover=failover,
        guarded=guarded,
        cache=cache,
        refresher=refresher,
        observer=observer,
        clock=clock,
    )


def _guard(provider: IntelligenceProvider, around: Surroundings) -> Guarded:
    """From the inside out: each guard is put around the one above it."""
    settings, clock, random = around.settings, around.clock, around.random
    contained = Contained(provider, clock=clock)
    observed = Observed(contained, observer=around.observer, clock=clock)
    policy = provider.policy
    if policy is None:
        link = observed if provider.generic else _keeping(observed, around)
        return Guarded(link=link, refreshing=link, direct=observed, background=observed)
    waits = Waits()
    retrying = Retrying(
        observed, policy=policy, budget=RetryBudget(clock), waits=waits, clock=clock, random=random
    )
    limited = Limited(retrying, max_concurrency=policy.max_concurrency, clock=clock)
    circuit = Circuit(
        limited, settings=settings.circuit, waits=waits, clock=clock, opened=around.circuit_opened
    )
    pausing = Pausing(circuit, clock=clock)
    background = BackgroundQuota(pausing, clock=clock, processes=around.processes)
    placed = Placed(pausing, places=around.flights.places)
    kept, kept_behind = _keeping(placed, around), _keeping(background, around)
    cached = _cached(kept, around) if policy.cached else None
    return Guarded(
        link=cached or kept,
        refreshing=_cached(kept_behind, around) if policy.cached else kept_behind,
        direct=pausing,
        background=background,
        cached=cached,
        pausing=pausing,
        circuit=circuit,
        limited=limited,
    )


def _keeping(inner: IntelligenceProvider, around: Surroundings) -> Keeping:
    return Keeping(inner, snapshots=around.snapshots, clock=around.clock)


def _cached(inner: IntelligenceProvider, around: Surroundings) -> Cached:
    return Cached(
        inner,
        cache=around.cache,
        flights=around.flights,
        ttl_s=around.settings.ttl_s,
        wait_s=around.settings.single_flight_wait_s,
        random=around.random,
    )
