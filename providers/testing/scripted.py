"""A provider that answers what a test tells it to."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self, cast

from providers.deadline import Deadline
from providers.interface import Connection, GuardPolicy, IntelligenceProvider, ProviderHealth
from providers.models import (
    FACTS,
    TEXTS,
    AnalysisRequest,
    Answer,
    BehavioralMetrics,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    Predictions,
    Provenance,
    ProviderRequest,
    Recommendation,
    RecommendationRequest,
    RecommendedAction,
    Source,
)
from providers.ports import Clock, ProviderHost
from providers.testing.clock import FakeClock

Responder = Callable[[Any, Deadline], Answer]
Step = Answer | Exception | Responder
"""What one call does: answer, fail, or call a function with request and deadline."""


@dataclass(frozen=True, slots=True)
class ScriptedCall:
    capability: Capability
    request: ProviderRequest
    deadline: Deadline


class ScriptedProvider(IntelligenceProvider):
    """Unscripted, each capability answers a plain sample. Calls are recorded in the order they come."""

    display_name = "Scripted"

    def __init__(
        self,
        name: str = "scripted",
        *,
        clock: Clock | None = None,
        capabilities: frozenset[Capability] = FACTS | TEXTS,
        policy: GuardPolicy | None = None,
        generic: bool = False,
    ) -> None:
        self.name = name
        self.generic = generic
        self.health = ProviderHealth(connection=Connection.CONNECTED)
        self.closed = False
        self.recorded: list[ScriptedCall] = []
        self._clock = clock or FakeClock()
        self._capabilities = capabilities
        self._policy = policy
        self._steps: dict[Capability, deque[Step]] = {}
        self._lock = threading.Lock()

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        return cls(clock=host.clock)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return self._capabilities

    @property
    def policy(self) -> GuardPolicy | None:
        return self._policy

    def script(self, capability: Capability, *steps: Step) -> Self:
        """The calls to come do `steps` in order; the last is repeated for ever. None restores the sample."""
        with self._lock:
            self._steps[capability] = deque(steps)
        return self

    def calls(self, capability: Capability | None = None) -> int:
        with self._lock:
            return sum(capability in (None, call.capability) for call in self.recorded)

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        return self.health

    def close(self) -> None:
        self.closed = True

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        return cast(CustomerIntelligence, self._play(Capability.ANALYZE, request, deadline))

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        return cast(ChurnPrediction, self._play(Capability.CHURN, request, deadline))

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        return cast(LtvForecast, self._play(Capability.LTV, request, deadline))

    def draft_reply(self, request: DraftRequest, deadline: Deadline) -> Draft:
        return cast(Draft, self._play(Capability.DRAFT, request, deadline))

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        return cast(Recommendation, self._play(Capability.RECOMMEND, request, deadline))

    def _play(self, capability: Capability, request: ProviderRequest, deadline: Deadline) -> Answer:
        with self._lock:
            self.recorded.append(ScriptedCall(capability, request, deadline))
            step = self._next_step(capability)
        if isinstance(step, Exception):
            raise step.with_traceback(None)  # the same error may be raised many times
        if isinstance(step, Answer):
            return step
        return step(request, deadline)

    def _next_step(self, capability: Capability) -> Step:
        steps = self._steps.get(capability)
        if not steps:
            return lambda request, _: sample_answer(capability, request, self.name, self._clock.now())
        return steps.popleft() if len(steps) > 1 else steps[0]


def sample_answer(capability: Capability, request: Any, provider: str, as_of: datetime) -> Answer:
    """A fresh, plain, valid answer to `request`."""
    provenance = Provenance(provider=provider, source=Source.FRESH, as_of=as_of)
    answers: dict[Capability, Callable[[], Answer]] = {
        Capability.ANALYZE: lambda: CustomerIntelligence(
            provenance=provenance,
            customer_id=request.customer.id,
            metrics=BehavioralMetrics(lifetime_value=Decimal("892.5"), total_orders=12),
            predictions=Predictions(churn_risk=0.18, churn_risk_level="low", ltv_12mo=Decimal(450)),
        ),
        Capability.CHURN: lambda: ChurnPrediction(
            provenance=provenance,
            customer_id=request.customer.id,
            window_days=request.window_days,
            churn_risk_score=0.18,
            risk_level="low",
        ),
        Capability.LTV: lambda: LtvForecast(
            provenance=provenance,
            customer_id=request.customer.id,
            horizon_months=request.horizon_months,
            forecasted_ltv=Decimal(450),
            current_ltv=Decimal("892.5"),
            incremental_ltv=Decimal(450),
        ),
        Capability.DRAFT: lambda: Draft(
            provenance=provenance,
            content="Thank you for writing to us.",
            tone=request.tone or "friendly",
            channel=request.ticket.channel,
        ),
        Capability.RECOMMEND: lambda: Recommendation(
            provenance=provenance,
            actions=(RecommendedAction(action="Answer the customer", priority=1),),
            priority="normal",
        ),
    }
    return answers[capability]()
