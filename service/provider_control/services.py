"""Which providers answer, in which order, and how they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from providers.chain import GuardStatus, IntelligenceChain
from providers.interface import IntelligenceProvider
from providers.models import Capability
from service.intelligence.outcomes import LastOutcome, OutcomeBoard


class ConfiguredToggles:
    """`providers.ports.ToggleSource`: what the configuration lists is enabled."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)

    def enabled(self) -> Sequence[str]:
        return self._names


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderState:
    """`guards` are those of this process."""

    name: str
    display_name: str
    enabled: bool
    generic: bool
    capabilities: Sequence[Capability]
    guards: GuardStatus
    last_outcome: LastOutcome | None


class ProviderControl:
    def __init__(
        self,
        providers: Sequence[IntelligenceProvider],
        chain: IntelligenceChain,
        toggles: ConfiguredToggles,
        outcomes: OutcomeBoard,
    ) -> None:
        self._providers = {provider.name: provider for provider in providers}
        self._chain = chain
        self._toggles = toggles
        self._outcomes = outcomes

    def states(self) -> list[ProviderState]:
        """In the order in which they are asked."""
        outcomes: Mapping[str, LastOutcome] = self._outcomes.latest()
        guards = self._chain.status()
        return [
            ProviderState(
                name=name,
                display_name=provider.display_name,
                enabled=name in self._toggles.enabled(),
                generic=provider.generic,
                capabilities=sorted(provider.capabilities),
                guards=guards[name],
                last_outcome=outcomes.get(name),
            )
            for name, provider in self._providers.items()
        ]
