"""Quimbi as a provider: settings, payloads and client tied together. Guards are around it, not in it."""

from collections.abc import Sequence
from typing import Self

from providers.deadline import Deadline
from providers.errors import CustomerNotFound, DeadlinePassed, ProviderError
from providers.interface import Connection, GuardPolicy, IntelligenceProvider, ProviderHealth
from providers.models import (
    AnalysisRequest,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    Contact,
    CustomerIntelligence,
    CustomerRef,
    Draft,
    DraftRequest,
    LtvForecast,
    LtvRequest,
    Order,
    Provenance,
    Recommendation,
    RecommendationRequest,
    Source,
)
from providers.ports import ProviderHost
from providers.quimbi.client import QuimbiClient
from providers.quimbi.payloads import analysis, drafts, predictions, recommendations, sending
from providers.quimbi.payloads.reading import Reply
from providers.quimbi.settings import QuimbiSettings, QuimbiSettingsSchema

PATHS = {
    Capability.ANALYZE: "/api/intelligence/analyze",
    Capability.CHURN: "/api/intelligence/predict/churn",
    Capability.LTV: "/api/intelligence/predict/ltv",
    Capability.DRAFT: "/api/generation/message",
    Capability.RECOMMEND: "/api/generation/actions",
}


class QuimbiProvider(IntelligenceProvider):
    name = "quimbi"
    display_name = "Quimbi"
    settings_schema = QuimbiSettingsSchema

    def __init__(self, settings: QuimbiSettings, host: ProviderHost) -> None:
        self._settings = settings
        self._clock = host.clock
        self._history = host.history
        self._policy = settings.policy(host.processes)
        self._client = QuimbiClient(
            settings.base_url, settings.api_key, host.clock, pool_size=settings.max_concurrency
        )

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        return cls(QuimbiSettings.from_environment(host.environment), host)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset(PATHS)

    @property
    def policy(self) -> GuardPolicy:
        return self._policy

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        """Analyses the health customer; an unknown one shows as well that Quimbi answers."""
        try:
            self._analysis(AnalysisRequest(CustomerRef(self._settings.health_customer)), deadline)
        except ProviderError as error:
            return ProviderHealth.failed(error)
        return ProviderHealth(connection=Connection.CONNECTED)

    def close(self) -> None:
        self._client.close()

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        customer_id, limit = request.customer.id, sending.HISTORY_LIMIT
        return self._analysis(
            request,
            deadline,
            orders=self._history.recent_orders(customer_id, limit=limit),
            contacts=self._history.recent_contacts(customer_id, limit=limit),
        )

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        external_id, currency = self._external_id(request.customer), self._settings.currency
        try:
            reply = self._ask(
                Capability.CHURN, predictions.churn_body(request, external_id), external_id, deadline
            )
        except CustomerNotFound:
            return predictions.unknown_churn(request, currency=currency, provenance=self._provenance())
        return predictions.parse_churn(
            reply, request, external_id=external_id, currency=currency, provenance=self._provenance()
        )

    def forecast_ltv(self, request: LtvRequest, deadline: Deadline) -> LtvForecast:
        external_id, currency = self._external_id(request.customer), self._settings.currency
        try:
            reply = self._ask(
                Capability.LTV, predictions.ltv_body(request, external_id), external_id, deadline
            )
        except CustomerNotFound:
            return predictions.unknown_ltv(request, currency=currency, provenance=self._provenance())
        return predictions.parse_ltv(
            reply, request, external_id=external_id, currency=currency, provenance=self._provenance()
        )

    def draft_reply(self, request: DraftRequest, deadline: Deadline) -> Draft:
        external_id = self._external_id(request.customer)
        reply = self._ask(Capability.DRAFT, drafts.draft_body(request, external_id), external_id, deadline)
        return drafts.parse_draft(reply, request, external_id=external_id, provenance=self._provenance())

    def recommend_actions(self, request: RecommendationRequest, deadline: Deadline) -> Recommendation:
        external_id = self._external_id(request.customer)
        body = recommendations.recommendation_body(request, external_id)
        reply = self._ask(Capability.RECOMMEND, body, external_id, deadline)
        return recommendations.parse_recommendation(
            reply, external_id=external_id, provenance=self._provenance()
        )

    def _analysis(
        self,
        request: AnalysisRequest,
        deadline: Deadline,
        *,
        orders: Sequence[Order] = (),
        contacts: Sequence[Contact] = (),
    ) -> CustomerIntelligence:
        external_id, currency = self._external_id(request.customer), self._settings.currency
        body = sending.analysis_body(external_id, orders=orders, contacts=contacts)
        try:
            reply = self._ask(Capability.ANALYZE, body, external_id, deadline)
        except CustomerNotFound:
            return analysis.unknown_analysis(request, currency=currency, provenance=self._provenance())
        return analysis.parse_analysis(
            reply, request, external_id=external_id, currency=currency, provenance=self._provenance()
        )

    def _ask(
        self, capability: Capability, body: dict[str, object], external_id: str, deadline: Deadline
    ) -> Reply:
        if not sending.sendable(external_id):
            raise CustomerNotFound("Quimbi cannot hold such an id")
        timeout_s = min(self._settings.timeout_s, deadline.remaining_s)
        if timeout_s <= 0:
            raise DeadlinePassed
        return Reply(self._client.post(PATHS[capability], sending.encoded(body), timeout_s))

    def _external_id(self, customer: CustomerRef) -> str:
        return customer.known_as(self.name)

    def _provenance(self) -> Provenance:
        return Provenance(provider=self.name, source=Source.FRESH, as_of=self._clock.now())
