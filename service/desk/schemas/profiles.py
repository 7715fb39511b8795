"""The profile of a customer on the wire."""

from typing import Any

from marshmallow import Schema, fields

from providers.models import UNKNOWN_LEVEL
from service.customers.orders import Purchase
from service.desk.services import CustomerProfile
from service.http.fields import Amount, Number, Rfc3339
from service.intelligence.schemas import NestedProvenance, Segments, Texts, aged

LEVEL = {"type": "string", "example": "L2"}
MEMBERSHIPS = {"price_sensitivity": {"deal_hunter": 0.8, "value_seeker": 0.2}}


class ProfileArchetypeSchema(Schema):
    id = fields.String(allow_none=True, metadata={"example": "arch_premium_deal_hunter"})
    archetype_id = fields.String(
        attribute="id",
        allow_none=True,
        dump_only=True,
        metadata={"example": "arch_premium_deal_hunter", "description": "repeats id"},
    )
    level = fields.Function(lambda archetype: archetype.level or UNKNOWN_LEVEL, metadata=LEVEL)
    dominant_segments = Segments(attribute="segments", metadata={"example": {"purchase_value": "high_value"}})


class Memberships(fields.Dict):
    """Axis → segment → 0..1: numbers already, which need not go through a field each."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> dict[str, Any]:
        return {axis: dict(shares) for axis, shares in value.items()}


class BusinessMetricsSchema(Schema):
    lifetime_value = Number(metadata={"example": 892.5})
    total_orders = fields.Integer(metadata={"example": 12})
    avg_order_value = Number(metadata={"example": 74.38})
    days_since_last_purchase = fields.Integer(allow_none=True, metadata={"example": 15})
    customer_tenure_days = fields.Integer(allow_none=True, metadata={"example": 456})
    currency = fields.String(
        allow_none=True, metadata={"example": "USD", "description": "of both amounts; null where not known"}
    )


class ChurnRiskSchema(Schema):
    churn_risk_score = fields.Float(metadata={"example": 0.18, "minimum": 0, "maximum": 1})
    risk_level = fields.String(metadata={"example": "low"})
    recommendation = fields.String(
        allow_none=True, metadata={"example": "Offer free shipping on the next order"}
    )


class ProductSchema(Schema):
    title = fields.String(metadata={"example": "Green tea, 100 g"})
    quantity = fields.Integer(metadata={"example": 2})
    price = Amount(metadata={"example": 9.95, "description": "for one piece"})


class LastPurchaseSchema(Schema):
    order_number = fields.String(attribute="external_id", metadata={"example": "1042"})
    order_date = Rfc3339(attribute="ordered_at")
    total = Amount(metadata={"example": 18.4})
    currency = fields.String(metadata={"example": "EUR"})
    status = fields.String(metadata={"example": "paid"})
    fulfillment_status = fields.String(allow_none=True, metadata={"example": "fulfilled"})
    products = fields.List(fields.Nested(ProductSchema), attribute="lines")
    tracking_numbers = fields.List(
        fields.String(), attribute="tracking.numbers", metadata={"example": ["1Z999AA10123456784"]}
    )
    tracking_urls = fields.List(
        fields.String(),
        attribute="tracking.urls",
        metadata={"example": ["https://tracking.example.com/1Z999AA10123456784"]},
    )
    shipping_carrier = fields.String(
        attribute="tracking.carrier", allow_none=True, metadata={"example": "UPS"}
    )
    days_ago = fields.Integer(metadata={"example": 15})

    def get_attribute(self, bought: Any, attr: str, default: Any) -> Any:
        """What the order says stands flat beside how long ago it was."""
        source: Purchase | Any = bought if attr == "days_ago" else bought.order
        return super().get_attribute(source, attr, default)


class CustomerProfileSchema(Schema):
    customer_id = fields.String()
    archetype = fields.Nested(ProfileArchetypeSchema, allow_none=True)
    dominant_segments = Segments(metadata={"example": {"purchase_value": "high_value"}})
    segment_memberships = Memberships(
        metadata={"example": MEMBERSHIPS, "description": "axis → segment → 0..1, where the provider tells it"}
    )
    business_metrics = fields.Nested(BusinessMetricsSchema)
    churn_risk = fields.Nested(ChurnRiskSchema, allow_none=True)
    communication_guidance = Texts()
    last_purchase = fields.Nested(LastPurchaseSchema, allow_none=True)
    provenance = NestedProvenance()

    def get_attribute(self, profile: CustomerProfile, attr: str, default: Any) -> Any:
        if attr == "provenance":
            return aged(profile.provenance, profile.at)
        return super().get_attribute(profile, attr, default)
