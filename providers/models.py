"""What a provider is asked, and what it answers: frozen, typed, validated when made.

Amounts are `Decimal` in `currency` (ISO 4217, None where it is not known), probabilities are 0..1, times
are timezone-aware UTC. None means "not known", never zero. A constructor raises `ValueError` for what
cannot be true, NaN included; an adapter turns that into `errors.InvalidAnswer`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol, Self


class Capability(StrEnum):
    ANALYZE = "analyze"
    CHURN = "predict_churn"
    LTV = "forecast_ltv"
    DRAFT = "draft_reply"
    RECOMMEND = "recommend_actions"


FACTS = frozenset({Capability.ANALYZE, Capability.CHURN, Capability.LTV})
TEXTS = frozenset({Capability.DRAFT, Capability.RECOMMEND})


class Source(StrEnum):
    """Where an answer came from."""

    FRESH = "fresh"
    CACHE = "cache"
    STALE = "stale"
    STORED = "stored"
    FALLBACK = "fallback"


class Reason(StrEnum):
    """Why an answer is not what a provider freshly said; part of the REST contract."""

    NOT_CONFIGURED = "not_configured"
    UNKNOWN_CUSTOMER = "unknown_customer"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    PROVIDER_ERROR = "provider_error"
    INVALID_ANSWER = "invalid_answer"
    ACCESS_REFUSED = "access_refused"
    REQUEST_REFUSED = "request_refused"
    RATE_LIMITED = "rate_limited"
    CIRCUIT_OPEN = "circuit_open"
    BUSY = "busy"
    IN_PROGRESS = "in_progress"


UNKNOWN_LEVEL = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Who answered, how, and as of when. `degraded`: a provider that should have answered did not."""

    provider: str
    source: Source
    as_of: datetime
    degraded: bool = False
    reason: Reason | None = None

    def __post_init__(self) -> None:
        if self.as_of.tzinfo is None:
            raise ValueError("as_of must be timezone-aware")


def level_of(churn_risk: float | None) -> str:
    """The level of a churn risk where no provider named one: below 0.3 low, below 0.6 medium, else high."""
    if churn_risk is None:
        return UNKNOWN_LEVEL
    if churn_risk < 0.3:
        return "low"
    return "medium" if churn_risk < 0.6 else "high"


def _check_probability(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise ValueError(f"{name} must be within 0..1, not {value}")


AMOUNT_LIMIT = Decimal(10) ** 14
"""No shop's figures reach it, and every store can hold what is below."""


def _check_amount(name: str, value: Decimal | None) -> None:
    if value is not None and not (value.is_finite() and abs(value) < AMOUNT_LIMIT):
        raise ValueError(f"{name} must be a finite amount below {AMOUNT_LIMIT:f}, not {value}")


def _check_count(name: str, value: int | None) -> None:
    if value is not None and value < 0:
        raise ValueError(f"{name} must not be negative, not {value}")


# ---------------------------------------------------------------- questions


@dataclass(frozen=True, slots=True)
class CustomerRef:
    """A customer of the desk: its own id, and the ids by which providers know the same person."""

    id: str
    external_ids: Mapping[str, str] = field(default_factory=dict)

    def known_as(self, provider: str) -> str:
        return self.external_ids.get(provider, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    title: str
    quantity: int
    price: Decimal
    category: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of the customer, as context for a provider."""

    external_id: str
    ordered_at: datetime
    currency: str
    total: Decimal
    status: str | None = None
    discount: Decimal | None = None
    channel: str | None = None
    lines: tuple[OrderLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One support contact of the customer, as context for a provider: no message text."""

    ticket_id: str
    at: datetime
    channel: str
    subject: str
    status: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    from_customer: bool
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketContext:
    """The ticket a text is about. `version` changes whenever the conversation does."""

    id: str
    subject: str
    channel: str
    priority: str
    version: int
    tags: tuple[str, ...] = ()
    conversation: tuple[Turn, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisRequest:
    customer: CustomerRef

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {}


@dataclass(frozen=True, slots=True)
class ChurnRequest:
    """Probability of leaving within `window_days`."""

    customer: CustomerRef
    window_days: int = 90

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"window_days": self.window_days}


@dataclass(frozen=True, slots=True)
class LtvRequest:
    """Value of the coming `horizon_months`, 1..36."""

    customer: CustomerRef
    horizon_months: int = 12

    def __post_init__(self) -> None:
        if not 1 <= self.horizon_months <= 36:
            raise ValueError("horizon_months must be within 1..36")

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"horizon_months": self.horizon_months}


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRequest:
    """A reply to write. `facts` is what is known of the customer, None where nothing could be learnt."""

    customer: CustomerRef
    ticket: TicketContext
    locale: str = "en"
    currency: str | None = None
    tone: str | None = None
    length: str | None = None
    include_offer: bool = False
    template: str | None = None
    include_actions: tuple[str, ...] = ()
    facts: "CustomerIntelligence | None" = None

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"ticket": self.ticket.id, "version": self.ticket.version}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendationRequest:
    """Next actions to recommend for a ticket."""

    customer: CustomerRef
    ticket: TicketContext
    locale: str = "en"
    currency: str | None = None
    facts: "CustomerIntelligence | None" = None

    @property
    def arguments(self) -> Mapping[str, str | int]:
        return {"ticket": self.ticket.id, "version": self.ticket.version}


class ProviderRequest(Protocol):
    """What the chain reads of any request: whom it is about, and what else tells two requests apart."""

    @property
    def customer(self) -> CustomerRef: ...

    @property
    def arguments(self) -> Mapping[str, str | int]: ...


# ---------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What every answer carries. `known` is False where the provider does not know the customer."""

    provenance: Provenance
    known: bool = True

    def with_provenance(self, **changes: object) -> Self:
        return replace(self, provenance=replace(self.provenance, **changes))  # type: ignore[arg-type]  # fields of Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Archetype:
    """The customer's kind. `segments`: axis → dominant segment; `memberships`: axis → segment → 0..1."""

    id: str | None
    level: str | None
    segments: Mapping[str, str] = field(default_factory=dict)
    memberships: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BehavioralMetrics:
    lifetime_value: Decimal | None = None
    total_orders: int | None = None
    avg_order_value: Decimal | None = None
    days_since_last_purchase: int | None = None
    customer_tenure_days: int | None = None

    def __post_init__(self) -> None:
        _check_amount("lifetime_value", self.lifetime_value)
        _check_amount("avg_order_value", self.avg_order_value)
        _check_count("total_orders", self.total_orders)
        _check_count("days_since_last_purchase", self.days_since_last_purchase)
        _check_count("customer_tenure_days", self.customer_tenure_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """`ltv_12mo` is the value of the coming 12 months, without what was already spent."""

    churn_risk: float | None = None
    churn_risk_level: str = UNKNOWN_LEVEL
    ltv_12mo: Decimal | None = None

    def __post_init__(self) -> None:
        _check_probability("churn_risk", self.churn_risk)
        _check_amount("ltv_12mo", self.ltv_12mo)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIntelligence(Answer):
    customer_id: str
    archetype: Archetype | None = None
    metrics: BehavioralMetrics = BehavioralMetrics()
    predictions: Predictions = Predictions()
    communication_guidance: tuple[str, ...] = ()
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnFactor:
    """One reason behind a churn risk; `impact` is words or a share, as the provider gives it."""

    factor: str
    value: str | float | None = None
    impact: str | float | None = None
    direction: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnPrediction(Answer):
    customer_id: str
    window_days: int
    churn_risk_score: float | None = None
    risk_level: str = UNKNOWN_LEVEL
    factors: tuple[ChurnFactor, ...] = ()
    recommendations: tuple[str, ...] = ()
    currency: str | None = None

    def __post_init__(self) -> None:
        _check_probability("churn_risk_score", self.churn_risk_score)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceInterval:
    """Bounds in the forecast's currency; `confidence_level` 0..1, None where none is stated."""

    lower: Decimal
    upper: Decimal
    confidence_level: float | None = None

    def __post_init__(self) -> None:
        _check_amount("lower", self.lower)
        _check_amount("upper", self.upper)
        _check_probability("confidence_level", self.confidence_level)
        if self.lower > self.upper:
            raise ValueError("the interval's lower bound lies above its upper one")


@dataclass(frozen=True, slots=True, kw_only=True)
class LtvForecast(Answer):
    """`forecasted_ltv` is the value of the coming months, without `current_ltv`."""

    customer_id: str
    horizon_months: int
    forecasted_ltv: Decimal | None = None
    confidence_interval: ConfidenceInterval | None = None
    current_ltv: Decimal | None = None
    incremental_ltv: Decimal | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        _check_amount("forecasted_ltv", self.forecasted_ltv)
        _check_amount("current_ltv", self.current_ltv)
        _check_amount("incremental_ltv", self.incremental_ltv)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Answer):
    """A reply an agent may send; never empty."""

    content: str
    tone: str
    channel: str
    personalization_applied: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.content.strip():
            raise ValueError("a draft must not be empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionImpact:
    retention_probability: float | None = None
    revenue_at_risk: Decimal | None = None

    def __post_init__(self) -> None:
        _check_probability("retention_probability", self.retention_probability)
        _check_amount("revenue_at_risk", self.revenue_at_risk)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecommendedAction:
    """`priority` 1 is the most pressing."""

    action: str
    priority: int
    reasoning: str | None = None
    estimated_impact: ActionImpact = ActionImpact()

    def __post_init__(self) -> None:
        if not self.action.strip():
            raise ValueError("an action must say what to do")
        if self.priority < 1:
            raise ValueError("an action's priority starts at 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation(Answer):
    """`priority` as the provider words it for the whole, None where it gives none."""

    actions: tuple[RecommendedAction, ...]
    priority: str | None = None
    warnings: tuple[str, ...] = ()
    talking_points: tuple[str, ...] = ()
    estimated_impact: ActionImpact = ActionImpact()
