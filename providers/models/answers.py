"""What a provider answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Self

from providers.models.checks import check_amount, check_count, check_label, check_probability, check_storable
from providers.models.vocabulary import UNKNOWN_LEVEL, Provenance

CURRENCY_LENGTH = 3
ARCHETYPE_ID_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What figures were computed from, for a provider that can tell.

    `version` counts the fits of `model`; the data are of the days `data_from` to `data_until`. `confidence`
    is `normal` or `low`. `unknown`: figure or axis → why it is null. `proxies`: axes that only stand in.
    """

    model: str
    version: int | None = None
    data_from: date | None = None
    data_until: date | None = None
    confidence: str | None = None
    unknown: Mapping[str, str] = field(default_factory=dict)
    proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What every answer carries. `known` is False where the provider does not know the customer."""

    provenance: Provenance
    known: bool = True
    basis: Basis | None = None

    def with_provenance(self, **changes: object) -> Self:
        return replace(self, provenance=replace(self.provenance, **changes))  # type: ignore[arg-type]  # fields of Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Archetype:
    """The customer's kind. `segments`: axis → dominant segment; `memberships`: axis → segment → 0..1.

    `share`: of the shop's customers, how many are of this kind.
    """

    id: str | None
    level: str | None
    segments: Mapping[str, str] = field(default_factory=dict)
    memberships: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    share: float | None = None

    def __post_init__(self) -> None:
        check_probability("archetype share", self.share)
        check_label("archetype id", self.id, ARCHETYPE_ID_LENGTH)
        check_label("archetype level", self.level)
        for axis, segment in self.segments.items():
            check_storable("a segment", axis + segment)


@dataclass(frozen=True, slots=True, kw_only=True)
class BehavioralMetrics:
    lifetime_value: Decimal | None = None
    total_orders: int | None = None
    avg_order_value: Decimal | None = None
    days_since_last_purchase: int | None = None
    customer_tenure_days: int | None = None

    def __post_init__(self) -> None:
        check_amount("lifetime_value", self.lifetime_value)
        check_amount("avg_order_value", self.avg_order_value)
        check_count("total_orders", self.total_orders)
        check_count("days_since_last_purchase", self.days_since_last_purchase)
        check_count("customer_tenure_days", self.customer_tenure_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """`ltv_12mo` is the value of the coming 12 months, without what was already spent."""

    churn_risk: float | None = None
    churn_risk_level: str = UNKNOWN_LEVEL
    ltv_12mo: Decimal | None = None

    def __post_init__(self) -> None:
        check_probability("churn_risk", self.churn_risk)
        check_label("churn_risk_level", self.churn_risk_level)
        check_amount("ltv_12mo", self.ltv_12mo)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerIntelligence(Answer):
    customer_id: str
    archetype: Archetype | None = None
    metrics: BehavioralMetrics = BehavioralMetrics()
    predictions: Predictions = Predictions()
    communication_guidance: tuple[str, ...] = ()
    currency: str | None = None

    def __post_init__(self) -> None:
        check_label("currency", self.currency, CURRENCY_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnFactor:
    """One reason behind a churn risk; `impact` is words or a share, as the provider gives it.

    `typical` is the value usual in the shop, and `risk_if_typical` the risk that the customer would have
    with it, all else as it is.
    """

    factor: str
    value: str | float | None = None
    impact: str | float | None = None
    direction: str | None = None
    typical: float | None = None
    risk_if_typical: float | None = None

    def __post_init__(self) -> None:
        check_probability("risk_if_typical", self.risk_if_typical)


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
        check_probability("churn_risk_score", self.churn_risk_score)
        check_label("risk_level", self.risk_level)
        check_label("currency", self.currency, CURRENCY_LENGTH)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidenceInterval:
    """Bounds in the forecast's currency; `confidence_level` 0..1, None where none is stated."""

    lower: Decimal
    upper: Decimal
    confidence_level: float | None = None

    def __post_init__(self) -> None:
        check_amount("lower", self.lower)
        check_amount("upper", self.upper)
        check_probability("confidence_level", self.confidence_level)
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
        check_amount("forecasted_ltv", self.forecasted_ltv)
        check_amount("current_ltv", self.current_ltv)
        check_amount("incremental_ltv", self.incremental_ltv)
        check_label("currency", self.currency, CURRENCY_LENGTH)


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
        check_label("tone", self.tone)
        for text in (self.content, *self.personalization_applied, *self.warnings):
            check_storable("a draft's text", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionImpact:
    retention_probability: float | None = None
    revenue_at_risk: Decimal | None = None

    def __post_init__(self) -> None:
        check_probability("retention_probability", self.retention_probability)
        check_amount("revenue_at_risk", self.revenue_at_risk)


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
        for text in (self.action, self.reasoning or ""):
            check_storable("an action's text", text)
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

    def __post_init__(self) -> None:
        for text in (*self.warnings, *self.talking_points):
            check_storable("a recommendation's text", text)
