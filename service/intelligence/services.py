"""What the desk knows of its customers, asked of whatever provider is behind the interface."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Self, TypeVar

from providers.chain import IntelligenceChain
from providers.deadline import Deadline
from providers.errors import ProviderError
from providers.interface import IntelligenceProvider
from providers.models import (
    UNKNOWN_LEVEL,
    AnalysisRequest,
    Answer,
    ChurnPrediction,
    ChurnRequest,
    CustomerIntelligence,
    CustomerRef,
    LtvForecast,
    LtvRequest,
    Provenance,
    Reason,
    Source,
)
from providers.ports import Clock
from providers.resilience.single_flight import Flights
from providers.resilience.visits import spent_s
from service.customers.services import CustomerService
from service.database import Database
from service.events import EventLog
from service.intelligence.models import Draft, StoredRecommendation
from service.intelligence.risk_classes import told_revenue
from service.tickets.services import TicketService

A = TypeVar("A", bound=Answer)

DEFAULT_LOCALE = "en"
STORING_GRACE_S = 2.0
"""Who waits for a text of another caller also waits for it to be stored, which comes after the deadline."""


@dataclass(frozen=True, slots=True)
class Told(Generic[A]):
    """An answer as it is told at a moment, which gives its age."""

    answer: A
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacts:
    """What a text says of its customer beside it. None, or level `unknown`, where nothing is known."""

    provenance: Provenance
    customer_dna: dict[str, str]
    archetype_id: str | None = None
    churn_risk: float | None = None
    churn_risk_level: str = UNKNOWN_LEVEL
    lifetime_value: Decimal | None = None
    total_orders: int | None = None
    currency: str | None = None

    @classmethod
    def of(cls, facts: CustomerIntelligence) -> Self:
        return cls(
            provenance=facts.provenance,
            customer_dna=dict(facts.archetype.segments) if facts.archetype else {},
            archetype_id=facts.archetype.id if facts.archetype else None,
            churn_risk=facts.predictions.churn_risk,
            churn_risk_level=facts.predictions.churn_risk_level,
            lifetime_value=facts.metrics.lifetime_value,
            total_orders=facts.metrics.total_orders,
            currency=facts.currency,
        )

    @property
    def revenue_at_risk(self) -> Decimal | None:
        """Churn risk times lifetime value."""
        if self.churn_risk is None or self.lifetime_value is None:
            return None
        return told_revenue(self.churn_risk, self.lifetime_value)


class FactsService:
    """`deadline_s` is for one request; a provider that takes longer is not waited for."""

    def __init__(
        self, provider: IntelligenceProvider, customers: CustomerService, clock: Clock, *, deadline_s: float
    ) -> None:
        self._provider = provider
        self._customers = customers
        self._clock = clock
        self._deadline_s = deadline_s

    def analyze(self, customer_id: str) -> Told[CustomerIntelligence]:
        """Raises `NotFound` for a customer the desk does not have."""
        request = AnalysisRequest(self._customers.reference(customer_id))
        return self._told(self._provider.analyze(request, self._deadline()))

    def predict_churn(self, customer_id: str) -> Told[ChurnPrediction]:
        request = ChurnRequest(self._customers.reference(customer_id))
        return self._told(self._provider.predict_churn(request, self._deadline()))

    def forecast_ltv(self, customer_id: str, horizon_months: int) -> Told[LtvForecast]:
        request = LtvRequest(self._customers.reference(customer_id), horizon_months)
        return self._told(self._provider.forecast_ltv(request, self._deadline()))

    def _deadline(self) -> Deadline:
        return Deadline.after(self._deadline_s - spent_s(), self._clock)

    def _told(self, answer: A) -> Told[A]:
        return Told(answer, self._clock.now())


@dataclass(frozen=True, slots=True, kw_only=True)
class TextSources:
    """What drafts and recommendations are made from.

    `deadline_s` is for one request, of which the customer's facts get `facts_wait_s` at most.
    """

    provider: IntelligenceChain
    tickets: TicketService
    customers: CustomerService
    database: Database
    events: EventLog
    flights: Flights
    clock: Clock
    deadline_s: float
    facts_wait_s: float

    def deadline(self) -> Deadline:
        return Deadline.after(self.deadline_s - spent_s(), self.clock)

    def locale(self, customer_id: str) -> str:
        return self.customers.locale(customer_id) or DEFAULT_LOCALE

    def facts(
        self, customer: CustomerRef, deadline: Deadline, *, anew: bool = False
    ) -> tuple[CustomerIntelligence | None, KnownFacts]:
        """`anew`: rather wait for fresh ones than have those known at once."""
        provider = self.provider.awaiting if anew else self.provider
        return facts_for_text(provider, customer, deadline.within(self.facts_wait_s))


def facts_for_text(
    provider: IntelligenceProvider, customer: CustomerRef, deadline: Deadline
) -> tuple[CustomerIntelligence | None, KnownFacts]:
    """For the provider, None where nothing is known; and for the answer, where all is None then."""
    try:
        facts = provider.analyze(AnalysisRequest(customer), deadline)
    except ProviderError as error:
        nobody = _nobody_answered(error.reason, deadline.clock.now())
        return None, KnownFacts(provenance=nobody, customer_dna={})
    tells = facts.known and facts.provenance.source is not Source.FALLBACK
    return facts if tells else None, KnownFacts.of(facts)


def _nobody_answered(reason: Reason, now: datetime) -> Provenance:
    return Provenance(provider="none", source=Source.FALLBACK, as_of=now, degraded=True, reason=reason)


def provenance_of(stored: Draft | StoredRecommendation, source: Source) -> Provenance:
    return Provenance(
        provider=stored.provider,
        source=source,
        as_of=stored.as_of,
        degraded=stored.degraded,
        reason=Reason(stored.reason) if stored.reason else None,
    )


def combined(text: Provenance, facts: Provenance) -> Provenance:
    """The text's provenance, degraded where either part is."""
    if text.degraded or not facts.degraded:
        return text
    return Provenance(
        provider=text.provider, source=text.source, as_of=text.as_of, degraded=True, reason=facts.reason
    )
