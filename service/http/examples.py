"""Example values for the OpenAPI document, by the name that a value has wherever it stands."""

from typing import Any

EXAMPLES: dict[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9…",
    "action": "Send immediate replacement with expedited shipping",
    "add_tags": ["vip"],
    "age_s": 0,
    "agent_id": "agent_4f0Qk2l1b8sVJ6Yz0mWc3A",
    "archetype_id": "arch_premium_deal_hunter",
    "assigned_to": None,
    "author_email": "kim@example.com",
    "author_id": "agent_7",
    "author_name": "Kim",
    "capabilities": ["analyze", "predict_churn"],
    "choices": ["size", "damaged"],
    "churn_risk": 0.18,
    "churn_risk_level": "low",
    "churn_risk_score": 0.18,
    "close_ticket": False,
    "communication_guidance": ["Lead with value for money"],
    "completed": False,
    "confidence_level": 0.8,
    "connection": "connected",
    "content": "Where is my order?",
    "currency": "USD",
    "current_password": "the one that I have had",
    "current_ltv": 892.5,
    "customer_dna": {"price_sensitivity": "deal_hunter"},
    "customer_id": "cust_123",
    "degraded": False,
    "direction": "increases",
    "display_name": "Quimbi",
    "dna": {"price_sensitivity": "deal_hunter"},
    "draft": "I am sorry that your parcel is late.",
    "draft_content": "I am sorry that your parcel is late.",
    "draft_id": "draft_V1StGXR8Z5jdHi6B",
    "enabled": True,
    "errors": {"subject": ["Missing data for required field."]},
    "external_id": None,
    "explanation": "Churn risk 0.18 times 3.",
    "factor": "days_since_purchase",
    "failure_rate": 0.0,
    "forecasted_ltv": 450.0,
    "from_agent": True,
    "generic": False,
    "has_next": True,
    "has_prev": False,
    "horizon_months": 12,
    "impact": 0.15,
    "in_flight": 0,
    "include_actions": [0],
    "include_offer": False,
    "incremental_ltv": 450.0,
    "instance": "/api/tickets/ticket_9",
    "last_message_from_agent": False,
    "last_message_preview": "Where is my order?",
    "lifetime_value": 1200.0,
    "limit": 100,
    "lower": 380.0,
    "matches": 3,
    "matches_is_estimate": False,
    "matches_topic_alert": True,
    "message_count": 1,
    "messages_truncated": False,
    "name": "Kim",
    "next_cursor": "WyIyMDI2LTAxLTMxVDEwOjAwOjAwWiIsInRpY2tldF8xMjMiXQ",
    "outdated": False,
    "page": 1,
    "paused_s": 0.0,
    "personalization_applied": ["Adjusted for beginner"],
    "providers": ["quimbi", "fallback"],
    "priority": 1,
    "queued": False,
    "reason": None,
    "reasoning": "A late parcel is the main reason to leave.",
    "reasons": {"quimbi_api": "not_checked_yet"},
    "recommendation_id": "recommendation_7kGm2QpX",
    "recommendations": ["Offer free shipping on the next order"],
    "refresh_token": "refresh_q0Zl3vJ7…",
    "remove_tags": ["late"],
    "request_id": "3f2a9c1d5e7b8a60",
    "retention_probability": 0.85,
    "retry_after_s": None,
    "revenue_at_risk": 780.0,
    "risk_level": "low",
    "send_to_customer": False,
    "subject": "My parcel never arrived",
    "tags": ["vip"],
    "team_ids": ["team_8sVJ6Yz0mWc3A4f0Qk2l1b"],
    "talking_points": ["Apologize sincerely"],
    "team_id": None,
    "template": "We are sorry for the delay.",
    "ticket_id": "ticket_123",
    "token": "invitation_Jx8kQ2l0…",
    "topic_alerts_active": ["never arrived"],
    "total": 240,
    "total_is_estimate": False,
    "total_pages": 3,
    "upper": 520.0,
    "value": 214,
    "warnings": [],
    "window_days": 90,
}

TIME = "2026-01-31T10:00:00Z"
IDS = {
    "Action": "action_4HfQz8",
    "ActionState": "action_4HfQz8",
    "CreatedTicket": "ticket_123",
    "Message": "message_Uakgb2J5m9",
    "Note": "note_q8ZL2vXw1c",
}
"""Schema → an example of its `id`."""


def illustrate(schemas: dict[str, dict[str, Any]]) -> None:
    """Give each property of the named schemas an example, unless it has its own or refers to a schema."""
    for schema_name, schema in schemas.items():
        for name, told in schema.get("properties", {}).items():
            if told.get("format") == "date-time":
                told.setdefault("example", TIME)
            elif name == "id" and schema_name in IDS:
                told.setdefault("example", IDS[schema_name])
            elif name in EXAMPLES and not _refers(told):
                told.setdefault("example", EXAMPLES[name])


def _refers(told: dict[str, Any]) -> bool:
    inner = (told, told.get("items", {}), told.get("additionalProperties") or {})
    return "enum" in told or any(
        {"$ref", "anyOf", "allOf"} & set(part) for part in inner if isinstance(part, dict)
    )
