"""The enabled providers, asked in order until one knows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic

from providers.deadline import Deadline
from providers.errors import CustomerNotFound, NoAnswer, NotCalled, ProviderError, UnsupportedCapability
from providers.interface import Connection, IntelligenceProvider, ProviderHealth
from providers.models import Capability, Reason, Source
from providers.ports import ToggleSource
from providers.resilience.refusals import Refusals, Refused
from providers.resilience.wrapping import A, Call, Dispatching


@dataclass(slots=True)
class Inquiry(Generic[A]):
    """What the providers asked so far had to say. `unknown`: the first who does not know the customer."""

    failures: list[ProviderError] = field(default_factory=list)
    unknown: A | None = None
    not_found: CustomerNotFound | None = None

    @property
    def reason(self) -> Reason:
        """Why no provider has answered."""
        if self.failures:
            return self.failures[0].reason
        if self.unknown is not None or self.not_found is not None:
            return Reason.UNKNOWN_CUSTOMER
        return Reason.NOT_CONFIGURED

    def marked(self, answer: A) -> A:
        """As the answer that is given because no provider knew better."""
        provenance = replace(answer.provenance, degraded=bool(self.failures), reason=self.reason)
        return replace(answer, provenance=provenance)

    def no_answer(self) -> NoAnswer:
        return NoAnswer([*self.failures, *filter(None, [self.not_found])])


class Failover(Dispatching):
    """Generic providers come last, and are not asked about a customer whom the others do not know.

    Raises `NoAnswer` where nobody is left to ask.
    """

    name = "failover"
    display_name = "Intelligence"

    def __init__(self, providers: Mapping[str, IntelligenceProvider], toggles: ToggleSource) -> None:
        self._providers = providers
        self._toggles = toggles
        self._offers = {
            (capability, provider.generic, name)
            for name, provider in providers.items()
            for capability in provider.capabilities
        }
        self.refusals = Refusals()

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset().union(*(provider.capabilities for provider in self._enabled()))

    def offers(self, capability: Capability) -> bool:
        """Whether an enabled provider that is not generic has the capability."""
        return any(self._offering(capability, generic=False))

    def asked(self, capability: Capability) -> list[str]:
        """Names of those providers, in the order in which they are asked."""
        return [name for name in self._toggles.enabled() if (capability, False, name) in self._offers]

    def around(self, call: Call[A]) -> A:
        inquiry: Inquiry[A] = Inquiry()
        for provider in self._offering(call.capability, generic=False):
            answer = self._ask(provider, call, inquiry)
            if answer is not None and answer.known:
                return answer
            inquiry.unknown = inquiry.unknown or answer
        if inquiry.unknown is not None:
            return inquiry.marked(inquiry.unknown)
        for provider in self._offering(call.capability, generic=True):
            answer = self._ask(provider, call, inquiry)
            if answer is not None:
                return inquiry.marked(answer.with_provenance(source=Source.FALLBACK))
        raise inquiry.no_answer()

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        """Of the first enabled provider that can fail."""
        for provider in self._enabled():
            if not provider.generic:
                return provider.check_health(deadline)
        return ProviderHealth(connection=Connection.UNAVAILABLE, reason=Reason.NOT_CONFIGURED)

    def close(self) -> None:
        for provider in self._providers.values():
            provider.close()

    def _enabled(self) -> Iterator[IntelligenceProvider]:
        return (self._providers[name] for name in self._toggles.enabled() if name in self._providers)

    def _offering(self, capability: Capability, *, generic: bool) -> Iterator[IntelligenceProvider]:
        return (
            self._providers[name]
            for name in self._toggles.enabled()
            if (capability, generic, name) in self._offers
        )

    def _ask(self, provider: IntelligenceProvider, call: Call[A], inquiry: Inquiry[A]) -> A | None:
        """None where it did not answer; `inquiry` then knows why, but for what it never offered."""
        try:
            return call.on(provider)
        except UnsupportedCapability:
            return None
        except CustomerNotFound as error:
            inquiry.not_found = inquiry.not_found or error
        except ProviderError as error:
            inquiry.failures.append(error)
            if isinstance(error, NotCalled):
                self.refusals.count(Refused(provider.name, call.capability, error.reason))
        return None
