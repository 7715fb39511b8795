"""The dialect that integrators were promised."""

from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, fields, validate

from providers.testing.quimbi_simulator import wording
from providers.testing.quimbi_simulator.dialect import (
    Body,
    Dialect,
    DialectName,
    Endpoint,
    RequestSchema,
    holds_unclean_value,
)
from providers.testing.quimbi_simulator.profiles import CustomerProfile
from providers.testing.quimbi_simulator.rate_limit import Allowance
from providers.testing.replies import Reply

GOALS = ("resolve_support_issue", "nurture_lead", "upsell", "win_back", "generic_communication")
CHANNELS = ("email", "sms", "chat", "phone_script")
SCENARIOS = ("support_ticket", "sales_opportunity", "marketing_campaign", "retention_risk")


class AnalyzeContext(RequestSchema):
    orders = fields.List(fields.Dict())
    interactions = fields.List(fields.Dict())


class AnalyzeRequest(RequestSchema):
    customer_id = fields.String(required=True, validate=validate.Length(min=1))
    context = fields.Nested(AnalyzeContext)


class ChurnRequest(RequestSchema):
    customer_id = fields.String(required=True, validate=validate.Length(min=1))


class LtvRequest(RequestSchema):
    customer_id = fields.String(required=True, validate=validate.Length(min=1))
    horizon_months = fields.Integer(strict=True, validate=validate.Range(1, 36))


class ConversationTurn(Schema):
    sender = fields.String(required=True, data_key="from")
    content = fields.String(required=True)


class Constraints(RequestSchema):
    tone = fields.String()
    length = fields.String()


class MessageContext(RequestSchema):
    goal = fields.String(required=True, validate=validate.OneOf(GOALS))
    channel = fields.String(required=True, validate=validate.OneOf(CHANNELS))
    conversation = fields.List(fields.Nested(ConversationTurn(unknown="include")))
    constraints = fields.Nested(Constraints)


class MessageRequest(RequestSchema):
    customer_profile = fields.Dict(required=True)
    context = fields.Nested(MessageContext, required=True)


class ActionsContext(RequestSchema):
    ticket = fields.Dict()


class ActionsRequest(RequestSchema):
    customer_profile = fields.Dict(required=True)
    scenario = fields.String(required=True, validate=validate.OneOf(SCENARIOS))
    context = fields.Nested(ActionsContext, required=True)


class Documented(Dialect):
    name = DialectName.DOCUMENTED
    schemas: ClassVar[Mapping[Endpoint, type[RequestSchema]]] = {
        Endpoint.ANALYZE: AnalyzeRequest,
        Endpoint.CHURN: ChurnRequest,
        Endpoint.LTV: LtvRequest,
        Endpoint.MESSAGE: MessageRequest,
        Endpoint.ACTIONS: ActionsRequest,
    }

    def error(self, status: int, code: str, message: str, details: Body | None = None) -> Reply:
        return Reply.of(status, {"error": {"code": code, "message": message, "details": dict(details or {})}})

    def missing_key(self) -> Reply:
        return self.error(401, "MISSING_API_KEY", "Send your key in X-API-Key")

    def wrong_key(self) -> Reply:
        return self.error(401, "INVALID_API_KEY", "The API key is invalid")

    def unknown_customer(self, customer_id: str) -> Reply:
        details = {"customer_id": customer_id}
        return self.error(404, "CUSTOMER_NOT_FOUND", f"Customer {customer_id} was not found", details)

    def quota_holder(self, headers: Mapping[str, str], address: str) -> str:
        return headers.get("x-api-key", "")

    def quota_headers(self, allowance: Allowance) -> Mapping[str, str]:
        return allowance.headers

    def echo(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def rate_limited(self, headers: Mapping[str, str]) -> Reply:
        return self.error(429, "RATE_LIMIT_EXCEEDED", "Too many requests").adding(headers)

    def unprocessable(self, faults: Mapping[str, str]) -> Reply:
        return self.error(422, "VALIDATION_ERROR", "The request body is invalid", faults)

    def broken_row(self, customer_id: str) -> Reply:
        return self.error(500, "INTERNAL_ERROR", "An unexpected error occurred")

    def unclean(self, body: Body) -> Reply | None:
        if not holds_unclean_value(body):
            return None
        return self.unprocessable({"body": "Invalid character or number"})

    def health(self) -> Reply:
        return Reply.of(200, {"status": "healthy"})

    def asks_about(self, endpoint: Endpoint, body: Body) -> str | None:
        return body["customer_id"] if endpoint in FACTS else None

    def answer(self, endpoint: Endpoint, body: Body, customer: CustomerProfile | None) -> Any:
        if customer is None:
            return MESSAGE_OR_ACTIONS[endpoint](body)
        return FACTS[endpoint](body, customer)


def _analysis(_: Body, customer: CustomerProfile) -> Any:
    return {
        "customer_id": customer.customer_id,
        "archetype": {
            "id": customer.archetype_id,
            "level": customer.archetype_level,
            "segments": customer.dominant_segments,
        },
        "behavioral_metrics": {
            "lifetime_value": customer.lifetime_value,
            "total_orders": customer.total_orders,
            "avg_order_value": customer.avg_order_value,
            "days_since_last_purchase": customer.days_since_last_purchase,
            "customer_tenure_days": customer.tenure_days,
        },
        "predictions": {
            "churn_risk": customer.churn_risk,
            "churn_risk_level": customer.churn_level,
            "ltv_12mo": customer.ltv_12mo,
        },
        "communication_guidance": customer.guidance,
    }


def _churn(_: Body, customer: CustomerProfile) -> Any:
    return {
        "customer_id": customer.customer_id,
        "churn_risk_score": customer.churn_risk,
        "risk_level": customer.churn_level,
        "factors": [
            {
                "factor": driver.factor,
                "value": driver.value,
                "impact": driver.impact_in_words,
                "direction": driver.direction,
            }
            for driver in customer.drivers
        ],
        "recommendations": [intervention.sentence for intervention in customer.interventions],
    }


def _forecast(body: Body, customer: CustomerProfile) -> Any:
    months = body.get("horizon_months", 12)
    lower, upper = customer.coming_bounds(months)
    return {
        "customer_id": customer.customer_id,
        "horizon_months": months,
        "forecasted_ltv": customer.coming_value(months),
        "confidence_interval": {"lower": lower, "upper": upper, "confidence_level": 0.9},
        "current_ltv": customer.lifetime_value,
        "incremental_ltv": customer.coming_value(months),
    }


def _message(body: Body) -> Any:
    context = body["context"]
    tone = context.get("constraints", {}).get("tone", "friendly")
    segments = body["customer_profile"].get("dominant_segments", {})
    level = segments.get("product_knowledge") if isinstance(segments, dict) else None
    return {
        "message": wording.message(tone=tone, channel=context["channel"], plainly=level == "beginner"),
        "tone": tone,
        "channel": context["channel"],
        "personalization_applied": ["Adjusted for beginner"] if level == "beginner" else [],
    }


def _actions(body: Body) -> Any:
    known = wording.Standing.from_profile(body["customer_profile"])
    issue = wording.issue_of(body["context"].get("ticket", {}))
    return {
        "actions": [
            {
                "action": action.sentence,
                "priority": place,
                "reasoning": action.reasoning,
                "estimated_impact": {
                    "retention_probability": action.success_probability,
                    "revenue_at_risk": known.revenue_at_risk,
                },
            }
            for place, action in enumerate(wording.actions(issue), start=1)
        ],
        "warnings": ["Customer has high churn risk"] if known.likely_to_leave else [],
        "talking_points": wording.talking_points(issue),
    }


FACTS = {Endpoint.ANALYZE: _analysis, Endpoint.CHURN: _churn, Endpoint.LTV: _forecast}
MESSAGE_OR_ACTIONS = {Endpoint.MESSAGE: _message, Endpoint.ACTIONS: _actions}
