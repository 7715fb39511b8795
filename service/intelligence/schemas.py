"""Intelligence on the wire."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from providers.models import UNKNOWN_LEVEL, Archetype, Reason, Source
from service.clock import rfc3339
from service.http.dumping import OfObjects
from service.http.fields import Choice, Count, Flag, Number, Rfc3339, Text
from service.intelligence.drafting import DraftOptions
from service.intelligence.models import TONES

LENGTHS = ("short", "medium", "long")
DUMPED_VALUES = 1024
MEMBERSHIP_DIGITS = 4
NO_ARCHETYPE = Archetype(id=None, level=None)
OF_THE_FACTS = "of customer_dna, churn_risk and the values"


class ProvenanceSchema(Schema):
    provider = fields.String(metadata={"example": "quimbi"})
    source = fields.String(validate=validate.OneOf(Source))
    as_of = Rfc3339()
    age_s = fields.Integer(metadata={"description": "seconds since as_of"})
    degraded = fields.Boolean()
    reason = fields.String(allow_none=True, validate=validate.OneOf(Reason))


class TellsProvenance(OfObjects):
    """Dumps what is `Told`: its answer's fields, and the provenance with its age."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr == "provenance":
            return aged(obj.answer.provenance, obj.at)
        return getattr(obj.answer, attr)


class NestedProvenance(fields.Nested):
    """For what `aged` told: it is as it goes on the wire already."""

    def __init__(self, **options: Any) -> None:
        super().__init__(ProvenanceSchema, **options)

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # its bases name the value differently
        return nested_obj


def aged(provenance: Any, at: Any) -> dict[str, Any]:
    return {
        "provider": provenance.provider,
        "source": provenance.source.value,
        "as_of": rfc3339(provenance.as_of),
        "age_s": max(0, int((at - provenance.as_of).total_seconds())),
        "degraded": provenance.degraded,
        "reason": provenance.reason.value if provenance.reason else None,
    }


class Segments(fields.Dict):
    """Axis → segment: text already, which need not go through a field each."""

    def __init__(self, **options: Any) -> None:
        super().__init__(keys=fields.String(), values=fields.String(), **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, str] | None:
        return None if value is None else dict(value)


class Texts(fields.List[str]):
    """Text already, as above."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.String(), **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[str] | None:
        return None if value is None else list(value)


class Memberships(fields.Dict):
    """Axis → segment → number, without digits that mean nothing."""

    def __init__(self, **options: Any) -> None:
        inner = fields.Dict(keys=fields.String(), values=fields.Float())
        super().__init__(keys=fields.String(), values=inner, **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, Any] | None:
        if value is None:
            return None
        return {
            axis: {name: round(share, MEMBERSHIP_DIGITS) for name, share in segments.items()}
            for axis, segments in value.items()
        }


_DUMPS: list[Callable[[], None]] = []


def forget_dumped() -> None:
    """All that was dumped by any `NestedValue`."""
    for forget in _DUMPS:
        forget()


class NestedValue(fields.Nested):
    """For a frozen, hashable value: equal ones have one dump, made once per process, which nobody changes."""

    def _bind_to_schema(self, field_name: str, parent: Schema | fields.Field[Any]) -> None:
        super()._bind_to_schema(field_name, parent)
        self._dump = lru_cache(maxsize=DUMPED_VALUES)(self.schema.dump)
        _DUMPS.append(self._dump.cache_clear)

    def _serialize(self, nested_obj: Any, attr: Any, obj: Any, **kwargs: Any) -> Any:  # type: ignore[override]  # its bases name the value differently
        return None if nested_obj is None else self._dump(nested_obj)


class ArchetypeSchema(OfObjects):
    id = fields.String(allow_none=True, metadata={"example": "arch_premium_deal_hunter"})
    level = fields.Function(
        lambda archetype: archetype.level or UNKNOWN_LEVEL, metadata={"type": "string", "example": "L2"}
    )
    segments = Segments(metadata={"example": {"purchase_value": "premium"}})
    memberships = Memberships(
        metadata={
            "description": "axis → segment → 0..1; empty where the provider tells none",
            "example": {"purchase_value": {"high_value": 0.81, "medium_value": 0.19, "low_value": 0.0}},
        }
    )
    share = fields.Float(
        allow_none=True,
        metadata={
            "description": "how many of the shop's customers are of this kind",
            "example": 0.04,
            "minimum": 0,
            "maximum": 1,
        },
    )


class BasisSchema(Schema):
    model = fields.String(metadata={"example": "mbg-nbd+gamma-gamma/1"})
    version = fields.Integer(
        allow_none=True, metadata={"description": "counts the fits of the model", "example": 12}
    )
    data_from = fields.Date(allow_none=True, metadata={"example": "2024-02-03"})
    data_until = fields.Date(allow_none=True, metadata={"example": "2026-01-31"})
    confidence = fields.String(
        allow_none=True,
        validate=validate.OneOf(["normal", "low"]),
        metadata={"description": "in the churn risk; null where none is told", "example": "normal"},
    )
    null_because = Segments(
        attribute="unknown",
        data_key="unknown",
        metadata={
            "description": "figure or axis that is null → why",
            "example": {"purchase_cadence": "few_orders"},
        },
    )
    proxies = Texts(
        metadata={
            "description": "axes that only stand in for what they are called",
            "example": ["product_knowledge"],
        }
    )


class NestedBasis(fields.Nested):
    def __init__(self) -> None:
        super().__init__(
            BasisSchema,
            allow_none=True,
            metadata={
                "description": "what the figures were computed from; null where the provider does not say"
            },
        )


class BehavioralMetricsSchema(Schema):
    lifetime_value = Number(allow_none=True, metadata={"example": 892.5})
    total_orders = fields.Integer(allow_none=True, metadata={"example": 12})
    avg_order_value = Number(allow_none=True, metadata={"example": 74.38})
    days_since_last_purchase = fields.Integer(allow_none=True, metadata={"example": 15})
    customer_tenure_days = fields.Integer(allow_none=True, metadata={"example": 456})


class PredictionsSchema(Schema):
    churn_risk = fields.Float(allow_none=True, metadata={"example": 0.18, "minimum": 0, "maximum": 1})
    churn_risk_level = fields.String(metadata={"example": "low"})
    ltv_12mo = Number(allow_none=True, metadata={"example": 450.0})


class IntelligenceSchema(TellsProvenance):
    customer_id = fields.String(metadata={"example": "cust_123"})
    archetype = fields.Nested(ArchetypeSchema)
    behavioral_metrics = NestedValue(BehavioralMetricsSchema, attribute="metrics")
    predictions = NestedValue(PredictionsSchema)
    communication_guidance = Texts(metadata={"example": ["Lead with value for money"]})
    currency = fields.String(allow_none=True, metadata={"example": "USD"})
    basis = NestedBasis()
    provenance = NestedProvenance()

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr == "archetype":
            return obj.answer.archetype or NO_ARCHETYPE
        return super().get_attribute(obj, attr, default)


class ChurnFactorSchema(Schema):
    factor = fields.String()
    value = fields.Raw(allow_none=True, metadata={"description": "text or number"})
    impact = fields.Raw(allow_none=True, metadata={"description": "text or number"})
    direction = fields.String(allow_none=True)
    typical = fields.Float(
        allow_none=True, metadata={"description": "the value that is usual in the shop", "example": 34.0}
    )
    risk_if_typical = fields.Float(
        allow_none=True,
        metadata={
            "description": "the risk with the usual value, all else as it is",
            "example": 0.31,
            "minimum": 0,
            "maximum": 1,
        },
    )


class ChurnSchema(TellsProvenance):
    customer_id = fields.String()
    churn_risk_score = fields.Float(allow_none=True, metadata={"minimum": 0, "maximum": 1})
    risk_level = fields.String()
    window_days = fields.Integer()
    factors = fields.List(fields.Nested(ChurnFactorSchema))
    recommendations = fields.List(fields.String())
    currency = fields.String(allow_none=True)
    basis = NestedBasis()
    provenance = NestedProvenance()


class ConfidenceIntervalSchema(Schema):
    lower = Number()
    upper = Number()
    confidence_level = fields.Float(allow_none=True)


class LtvSchema(TellsProvenance):
    customer_id = fields.String()
    horizon_months = fields.Integer()
    forecasted_ltv = Number(allow_none=True)
    confidence_interval = fields.Nested(ConfidenceIntervalSchema, allow_none=True)
    current_ltv = Number(allow_none=True)
    incremental_ltv = Number(allow_none=True)
    currency = fields.String(allow_none=True)
    basis = NestedBasis()
    provenance = NestedProvenance()


class LtvQuerySchema(Schema):
    horizon_months = Count(1, 36, load_default=12)


class DraftOptionsSchema(Schema):
    tone = Choice(*TONES, load_default=None, allow_none=True)
    length = Choice(*LENGTHS, load_default=None, allow_none=True)
    include_offer = Flag(load_default=False)
    template = Text(2_000, load_default=None, allow_none=True)
    include_actions = fields.List(
        Count(0, 99),
        load_default=list,
        validate=validate.Length(max=20),
        metadata={"description": "indexes into the ticket's recommended actions"},
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> DraftOptions:
        return DraftOptions(**values | {"include_actions": tuple(values["include_actions"])})


class TellsBothProvenances(Schema):
    """Dumps a told text with the facts beside it: one provenance for the whole, one for the facts."""

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr == "provenance":
            return aged(obj.provenance, obj.at)
        if attr == "facts_provenance":
            return aged(obj.facts.provenance, obj.at)
        return super().get_attribute(obj, attr, default)


class DraftSchema(TellsBothProvenances):
    ticket_id = fields.String(attribute="draft.ticket_id", metadata={"example": "ticket_123"})
    draft_content = fields.String(attribute="draft.content")
    draft = fields.String(
        attribute="draft.content", dump_only=True, metadata={"description": "repeats draft_content"}
    )
    tone = fields.String(attribute="draft.tone", metadata={"example": "empathetic"})
    channel = fields.String(attribute="draft.channel", metadata={"example": "email"})
    personalization_applied = fields.List(fields.String(), attribute="draft.personalization_applied")
    customer_dna = Segments(attribute="facts.customer_dna")
    churn_risk = fields.Float(allow_none=True, attribute="facts.churn_risk")
    currency = fields.String(allow_none=True, attribute="facts.currency")
    draft_id = fields.String(attribute="draft.id")
    generated_at = Rfc3339(attribute="draft.generated_at")
    warnings = fields.List(fields.String(), attribute="draft.warnings")
    provenance = NestedProvenance()
    facts_provenance = NestedProvenance(metadata={"description": OF_THE_FACTS})


class ImpactSchema(Schema):
    retention_probability = fields.Float(allow_none=True)
    revenue_at_risk = Number(allow_none=True)


class ActionStateSchema(Schema):
    id = fields.String()
    action = fields.String(metadata={"example": "Send immediate replacement with expedited shipping"})
    priority = fields.Integer(metadata={"minimum": 1})
    completed = fields.Boolean()
    completed_at = fields.String(allow_none=True, metadata={"format": "date-time"})


class ActionSchema(ActionStateSchema):
    reasoning = fields.String(allow_none=True)
    estimated_impact = fields.Nested(ImpactSchema)


class RecommendationSchema(TellsBothProvenances):
    ticket_id = fields.String(attribute="recommendation.ticket_id")
    recommendation_id = fields.String(attribute="recommendation.id")
    priority = fields.String(
        attribute="recommendation.priority", validate=validate.OneOf(["urgent", "high", "normal"])
    )
    actions = fields.List(fields.Nested(ActionSchema), attribute="recommendation.actions")
    warnings = fields.List(fields.String(), attribute="recommendation.warnings")
    talking_points = fields.List(fields.String(), attribute="recommendation.talking_points")
    estimated_impact = fields.Nested(ImpactSchema, attribute="impact")
    customer_dna = Segments(attribute="facts.customer_dna")
    churn_risk = fields.Float(allow_none=True, attribute="facts.churn_risk")
    churn_risk_level = fields.String(attribute="facts.churn_risk_level")
    lifetime_value = Number(allow_none=True, attribute="facts.lifetime_value")
    revenue_at_risk = Number(allow_none=True, attribute="facts.revenue_at_risk")
    currency = fields.String(allow_none=True, attribute="facts.currency")
    generated_at = Rfc3339(attribute="recommendation.created_at")
    provenance = NestedProvenance()
    facts_provenance = NestedProvenance(metadata={"description": OF_THE_FACTS})


class ActionChangeSchema(Schema):
    completed = Flag(required=True)


class ChangedActionSchema(Schema):
    action = fields.Nested(ActionStateSchema)
