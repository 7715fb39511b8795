"""Which providers answer, in which order, and how they do in each process."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.chain import GuardStatus, IntelligenceChain
from providers.interface import IntelligenceProvider
from providers.models import Capability
from service.customer_base.reporting import FitReport, FitReports
from service.database import DatabaseUnavailable
from service.intelligence.outcomes import LastOutcome, OutcomeBoard
from service.provider_control.sharing import Heartbeat, Heartbeats
from service.provider_control.switching import Switches
from service.provider_control.toggles import RuntimeToggles, ToggleState, consequences


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """`position` counts from 1; `guards` are those of this process."""

    name: str
    display_name: str
    enabled: bool
    position: int
    generic: bool
    capabilities: Sequence[Capability]
    guards: GuardStatus
    last_outcome: LastOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """This process comes first, as it is now; `complete` is False where the others could not be read."""

    providers: Sequence[ProviderState]
    toggles: ToggleState
    processes: Sequence[Heartbeat]
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDetail:
    """As `Overview`, of one provider. `fit` is None for one that the desk does not fit to its orders."""

    provider: ProviderState
    processes: Sequence[Heartbeat]
    complete: bool
    fit: FitReport | None = None


@dataclass(frozen=True, slots=True)
class Switched:
    """`consequences`: what the state means for the desk, in sentences; often nothing."""

    toggles: ToggleState
    consequences: Sequence[str]


class ProviderControl:
    def __init__(
        self,
        providers: Sequence[IntelligenceProvider],
        *,
        chain: IntelligenceChain,
        toggles: RuntimeToggles,
        outcomes: OutcomeBoard,
        heartbeats: Heartbeats,
        switches: Switches,
        fits: Mapping[str, FitReports],
    ) -> None:
        self._fits = fits
        self._providers = {provider.name: provider for provider in providers}
        self._generic = [provider.name for provider in providers if provider.generic]
        self._chain = chain
        self._toggles = toggles
        self._outcomes = outcomes
        self._heartbeats = heartbeats
        self._switches = switches

    def overview(self) -> Overview:
        processes, outcomes, complete = self._read()
        return Overview(
            providers=self._states(outcomes),
            toggles=self._toggles.state,
            processes=processes,
            complete=complete,
        )

    def detail(self, name: str) -> ProviderDetail:
        """Raises `NotFound` telling the providers there are."""
        self._switches.check_known(name)
        processes, outcomes, complete = self._read()
        return ProviderDetail(
            provider=next(state for state in self._states(outcomes) if state.name == name),
            processes=[process.about(name) for process in processes],
            complete=complete,
            fit=self._fits[name].report() if complete and name in self._fits else None,
        )

    def told(self, state: ToggleState) -> Switched:
        return Switched(state, consequences(state, self._generic))

    def _read(self) -> tuple[list[Heartbeat], Mapping[str, LastOutcome], bool]:
        here = self._heartbeats.here()
        try:
            return [here, *self._heartbeats.others()], self._outcomes.latest(), True
        except DatabaseUnavailable:
            return [here], self._outcomes.here(), False

    def _states(self, outcomes: Mapping[str, LastOutcome]) -> list[ProviderState]:
        guards, toggles = self._chain.status(), self._toggles.state
        return [
            ProviderState(
                name=name,
                display_name=self._providers[name].display_name,
                enabled=name not in toggles.disabled,
                position=position,
                generic=self._providers[name].generic,
                capabilities=sorted(self._providers[name].capabilities),
                guards=guards[name],
                last_outcome=outcomes.get(name),
            )
            for position, name in enumerate(toggles.order, start=1)
        ]
