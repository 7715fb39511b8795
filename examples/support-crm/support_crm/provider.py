"""The CRM's scores as answers of the desk."""

from typing import Self

from providers.deadline import Deadline
from providers.errors import CustomerNotFound, InvalidAnswer, ProviderError
from providers.http import HttpClient
from providers.interface import Connection, GuardPolicy, IntelligenceProvider, ProviderHealth
from providers.models import (
    AnalysisRequest,
    Archetype,
    BehavioralMetrics,
    Capability,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    Predictions,
    Provenance,
    Source,
    level_of,
)
from providers.ports import ProviderHost
from support_crm.client import Scores, ScoresClient, means_unknown
from support_crm.settings import CrmSettings, CrmSettingsSchema

WINDOW_DAYS = 90
HEALTH_CUSTOMER = CustomerRef("health-check")


class CrmProvider(IntelligenceProvider):
    name = "crm"
    display_name = "CRM"
    settings_schema = CrmSettingsSchema

    def __init__(self, settings: CrmSettings, host: ProviderHost) -> None:
        self._settings = settings
        self._clock = host.clock
        self._concurrency = max(1, settings.max_concurrency // host.processes)
        self._client = ScoresClient(
            HttpClient(
                "CRM",
                settings.url.rstrip("/"),
                host.clock,
                credentials={"Authorization": f"Bearer {settings.api_key}"},
                pool_size=self._concurrency,
                unknown_customer=means_unknown,
            )
        )

    @classmethod
    def from_host(cls, host: ProviderHost) -> Self:
        return cls(CrmSettings.parse(host.environment), host)

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({Capability.ANALYZE, Capability.CHURN})

    @property
    def policy(self) -> GuardPolicy:
        return GuardPolicy(
            max_retries=2, attempt_timeout_s=self._settings.timeout_s, max_concurrency=self._concurrency
        )

    def check_health(self, deadline: Deadline) -> ProviderHealth:
        try:
            self._scores_of(HEALTH_CUSTOMER, WINDOW_DAYS, deadline)
        except CustomerNotFound:
            pass  # it answered
        except ProviderError as error:
            return ProviderHealth.failed(error)
        return ProviderHealth(connection=Connection.CONNECTED)

    def close(self) -> None:
        self._client.close()

    def analyze(self, request: AnalysisRequest, deadline: Deadline) -> CustomerIntelligence:
        scores = self._scores_of(request.customer, WINDOW_DAYS, deadline)
        try:
            return CustomerIntelligence(
                provenance=self._provenance(),
                customer_id=request.customer.id,
                archetype=Archetype(id=None, level="crm", segments={"loyalty_tier": scores.tier})
                if scores.tier
                else None,
                metrics=BehavioralMetrics(lifetime_value=scores.lifetime_value, total_orders=scores.orders),
                predictions=Predictions(
                    churn_risk=scores.churn_risk, churn_risk_level=level_of(scores.churn_risk)
                ),
                currency=scores.currency,
            )
        except ValueError as error:
            raise InvalidAnswer("a score cannot be true") from error

    def predict_churn(self, request: ChurnRequest, deadline: Deadline) -> ChurnPrediction:
        scores = self._scores_of(request.customer, request.window_days, deadline)
        try:
            return ChurnPrediction(
                provenance=self._provenance(),
                customer_id=request.customer.id,
                window_days=scores.window_days,
                churn_risk_score=scores.churn_risk,
                risk_level=level_of(scores.churn_risk),
                currency=scores.currency,
            )
        except ValueError as error:
            raise InvalidAnswer("a score cannot be true") from error

    def _scores_of(self, customer: CustomerRef, window_days: int, deadline: Deadline) -> Scores:
        return self._client.scores_of(
            customer.known_as(self.name), window_days=window_days, timeout_s=deadline.remaining_s
        )

    def _provenance(self) -> Provenance:
        return Provenance(provider=self.name, source=Source.FRESH, as_of=self._clock.now())
