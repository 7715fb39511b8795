"""One wrapper, five capabilities: each guard is a provider around a provider."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from providers.deadline import Deadline
from providers.interface import GuardPolicy, IntelligenceProvider, ProviderHealth
from providers.models import (
    AnalysisRequest,
    Answer,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    ProviderRequest,
    Recommendation,
    RecommendationRequest,
)
from providers.ports import ProviderHost

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One question on its way down the chain: `call.on(provider)` asks it of that provider."""

    capability: Capability
    request: ProviderRequest
    deadline: Deadline
    ask: Callable[[IntelligenceProvider, Any, Deadline], A]

    def on(self, provider: IntelligenceProvider) -> A:
        if isinstance(provider, Dispatching):
            return provider.around(self)  # it would only make the same call once more
        return self.ask(provider, self.request, self.deadline)

    def by(self, deadline: Deadline) -> Self:
        return replace(self, deadline=deadline)


class Dispatching(IntelligenceProvider):
    """A part of the chain: answers all five capabilities in one method."""

    @abstractmethod
    def around(self, call: Call[A]) -> A:
        """Answer the call, asking those further in as often as this part's rule says."""

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        raise TypeError(f"{cls.__name__} is put around a provider, not made from a host")

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        return self.around(Call(Capability.ANALYZE, request, deadline, _analyze))

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        return self.around(Call(Capability.CHURN, request, deadline, _predict_churn))

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        return self.around(Call(Capability.LTV, request, deadline, _forecast_ltv))

    def draft_reply(self, request: DraftRequest, deadline: Deadline) -> Draft:
        return self.around(Call(Capability.DRAFT, request, deadline, _draft_reply))

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        return self.around(Call(Capability.RECOMMEND, request, deadline, _recommend_actions))


def analysis_of(customer: CustomerRef, deadline: Deadline) -> Call[CustomerIntelligence]:
    return Call(Capability.ANALYZE, AnalysisRequest(customer), deadline, _analyze)


def _analyze(
    provider: IntelligenceProvider, request: AnalysisRequest, deadline: Deadline
) -> CustomerIntelligence:
    return provider.analyze(request, deadline)


def _predict_churn(
    provider: IntelligenceProvider, request: ChurnRequest, deadline: Deadline
) -> ChurnPrediction:
    return provider.predict_churn(request, deadline)


def _forecast_ltv(provider: IntelligenceProvider, request: LtvRequest, deadline: Deadline) -> LtvForecast:
    return provider.forecast_ltv(request, deadline)


def _draft_reply(provider: IntelligenceProvider, request: DraftRequest, deadline: Deadline) -> Draft:
    return provider.draft_reply(request, deadline)


def _recommend_actions(
    provider: IntelligenceProvider, request: RecommendationRequest, deadline: Deadline
) -> Recommendation:
    return provider.recommend_actions(request, deadline)


class Wrapper(Dispatching):
    """A provider that does something around each call to `inner`; the rest is `inner`'s."""

    def __init__(self, inner: IntelligenceProvider) -> None:
        self.inner = inner
        self.name = inner.name
        self.display_name = inner.display_name
        self.generic = inner.generic

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self.inner.capabilities

    @property
    def policy(self) -> GuardPolicy | None:
        return self.inner.policy

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        return self.inner.check_health(deadline)

    def close(self) -> None:
        self.inner.close()
