"""The contract's examples, and questions to go with them."""

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec

from providers.models import (
    AnalysisRequest,
    ChurnRequest,
    CustomerRef,
    DraftRequest,
    LtvRequest,
    Provenance,
    RecommendationRequest,
    Source,
    TicketContext,
    Turn,
)
from providers.quimbi.payloads.reading import Reply

CUSTOMER = CustomerRef("cust_9", {"quimbi": "7001"})
EXTERNAL_ID = "7001"
TICKET = TicketContext(
    id="ticket_1",
    subject="Where is my order",
    channel="phone",
    priority="high",
    version=3,
    tags=("vip",),
    conversation=(Turn(from_customer=True, content="Hello"), Turn(from_customer=False, content="Hi")),
)
ANALYSIS = AnalysisRequest(CUSTOMER)
CHURN = ChurnRequest(CUSTOMER)
LTV = LtvRequest(CUSTOMER, 12)
DRAFT = DraftRequest(customer=CUSTOMER, ticket=TICKET, tone="empathetic")
RECOMMENDATION = RecommendationRequest(customer=CUSTOMER, ticket=TICKET)
PROVENANCE = Provenance(provider="quimbi", source=Source.FRESH, as_of=datetime(2026, 1, 31, 10, tzinfo=UTC))
FACTS: dict[str, Any] = {"external_id": EXTERNAL_ID, "currency": "EUR", "provenance": PROVENANCE}
ABOUT: dict[str, Any] = {"external_id": EXTERNAL_ID, "provenance": PROVENANCE}

_decoder = msgspec.json.Decoder(float_hook=Decimal)


def reply(json: str) -> Reply:
    return Reply(_decoder.decode(json))


def changed(original: dict[str, Any], **changes: Any) -> Reply:
    return Reply(deepcopy(original) | changes)


DOCUMENTED_ANALYSIS: dict[str, Any] = _decoder.decode("""
{"customer_id": "7001", "archetype": {"id": "arch_premium_deal_hunter", "level": "L2",
   "segments": {"purchase_value": "premium", "price_sensitivity": "deal_hunter"}},
 "behavioral_metrics": {"lifetime_value": 892.5, "total_orders": 12, "avg_order_value": 74.38,
   "days_since_last_purchase": 15, "customer_tenure_days": 456},
 "predictions": {"churn_risk": 0.18, "churn_risk_level": "low", "ltv_12mo": 450.0},
 "communication_guidance": ["Lead with value for money"]}
""")
DEPLOYED_ANALYSIS: dict[str, Any] = _decoder.decode("""
{"customer_id": "7001", "churn_risk": {"score": 0.82, "risk_level": "high",
   "factors": [{"factor": "days_since_purchase", "value": 214, "impact": 0.15}],
   "recommended_actions": [{"action": "send_winback_email", "priority": "high", "expected_impact": 0.12,
     "timing": "within_7_days"}]},
 "lifetime_value": {"current": 640.4, "predicted_12m": 1732.67, "tier": "high-value", "total_orders": 6,
   "avg_order_value": 106.73},
 "segments": {"price_sensitivity": {"deal_hunter": 0.05, "value_seeker": 0.15, "full_price_buyer": 0.8}},
 "dominant_segments": {"price_sensitivity": "full_price_buyer"},
 "archetype": {"id": "arch_410042", "level": "l2", "traits": ["quality_focused"]},
 "customer_tenure": {"days": 530, "days_since_last_purchase": 214},
 "communication_style": {"tone": "friendly_professional", "emphasis": ["quality"],
   "avoid": ["discounting", "jargon"]},
 "context": null}
""")
DEPLOYED_CHURN: dict[str, Any] = _decoder.decode("""
{"churn_probability": 0.82, "risk_level": "high", "prediction_window_days": 90,
 "factors": [{"factor": "days_since_purchase", "impact": 0.15}],
 "recommended_interventions": [{"action": "send_winback_email", "expected_impact": 0.12,
   "timing": "within_7_days", "estimated_cost": 5}]}
""")
DOCUMENTED_CHURN: dict[str, Any] = _decoder.decode("""
{"churn_risk_score": 0.18, "risk_level": "low", "recommendations": ["Keep in touch"],
 "factors": [{"factor": "gap", "value": "15 days", "impact": "low", "direction": "lowers_risk"}]}
""")
DEPLOYED_LTV: dict[str, Any] = _decoder.decode("""
{"current_ltv": 640.4, "predicted_ltv": 1732.67, "time_horizon_months": 12,
 "confidence_interval": [1500.4, 2000.4], "factors": ["orders"], "assumptions": {}}
""")
DOCUMENTED_LTV: dict[str, Any] = _decoder.decode("""
{"horizon_months": 12, "forecasted_ltv": 450.0, "current_ltv": 892.5, "incremental_ltv": 450.0,
 "confidence_interval": {"lower": 380.5, "upper": 520, "confidence_level": 0.9}}
""")
DEPLOYED_DRAFT: dict[str, Any] = {
    "message": "Dear customer",
    "confidence": 0.8,
    "personalizations": {"beginner": True, "tone": False, "offer": None, "traits": {}},
}
DOCUMENTED_DRAFT: dict[str, Any] = {
    "message": "Dear customer",
    "tone": "friendly",
    "channel": "phone_script",
    "personalization_applied": ["Adjusted for beginner"],
}
DEPLOYED_ACTIONS: dict[str, Any] = _decoder.decode("""
{"recommended_actions": [
   {"action": "follow_up", "details": "Ask again in a week", "priority": "medium", "reasoning": "Care"},
   {"action": "send_replacement", "details": "Send it by express", "priority": "urgent",
    "success_probability": 0.85}],
 "priority": "high", "urgency_score": 0.7, "customer_context": {}, "similar_cases": {}}
""")
DOCUMENTED_ACTIONS: dict[str, Any] = _decoder.decode("""
{"actions": [{"action": "Send a replacement", "priority": 1, "reasoning": "It was damaged",
   "estimated_impact": {"retention_probability": 0.85, "revenue_at_risk": 780.0}}],
 "warnings": ["High churn risk"], "talking_points": ["Apologize sincerely"]}
""")
