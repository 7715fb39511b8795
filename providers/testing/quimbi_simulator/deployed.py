"""The dialect that a running installation really speaks."""

from collections.abc import Callable, Mapping
from datetime import datetime
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

CORRELATION_HEADERS = ("X-Correlation-ID", "X-Request-ID")


class AboutCustomer(RequestSchema):
    customer_id = fields.String(required=True)


class AnalyzeRequest(AboutCustomer):
    context = fields.Dict(allow_none=True)


class ChurnRequest(AboutCustomer):
    prediction_window_days = fields.Integer(strict=True, validate=validate.Range(30, 365))


class LtvRequest(AboutCustomer):
    time_horizon_months = fields.Integer(strict=True, validate=validate.Range(1, 36))


class Turn(Schema):
    from_customer = fields.Boolean(required=True, truthy={True}, falsy={False})
    text = fields.String(required=True)


class MessageRequest(AboutCustomer):
    conversation_history = fields.List(fields.Nested(Turn(unknown="include")), required=True)
    context = fields.Dict(allow_none=True)
    tone = fields.String(allow_none=True)
    channel = fields.String(allow_none=True)


class ActionsContext(RequestSchema):
    order_value = fields.Float()


class ActionsRequest(AboutCustomer):
    issue_type = fields.String(required=True)
    context = fields.Nested(ActionsContext, allow_none=True)


class Deployed(Dialect):
    name = DialectName.DEPLOYED
    schemas: ClassVar[Mapping[Endpoint, type[RequestSchema]]] = {
        Endpoint.ANALYZE: AnalyzeRequest,
        Endpoint.CHURN: ChurnRequest,
        Endpoint.LTV: LtvRequest,
        Endpoint.MESSAGE: MessageRequest,
        Endpoint.ACTIONS: ActionsRequest,
    }

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def error(self, status: int, code: str, message: str, details: Body | None = None) -> Reply:
        error = {"code": code, "message": message, "details": dict(details or {})}
        timestamp = self._now().replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        return Reply.of(status, {"error": error, "timestamp": timestamp})

    def missing_key(self) -> Reply:
        return self.error(401, "HTTP_ERROR", "API key is missing")

    def wrong_key(self) -> Reply:
        return self.error(403, "HTTP_ERROR", "Invalid API key")

    def unknown_customer(self, customer_id: str) -> Reply:
        return self.error(404, "HTTP_ERROR", f"Customer {customer_id} not found")

    def unknown_route(self) -> Reply:
        return self.error(404, "HTTP_ERROR", "Not Found")

    def method_not_allowed(self) -> Reply:
        return self.error(405, "HTTP_ERROR", "Method Not Allowed")

    def quota_holder(self, headers: Mapping[str, str], address: str) -> str:
        return address

    def quota_headers(self, allowance: Allowance) -> Mapping[str, str]:
        return {}

    def echo(self, headers: Mapping[str, str]) -> Mapping[str, str]:
        sent = {name: headers.get(name.lower(), "") for name in CORRELATION_HEADERS}
        return {name: value for name, value in sent.items() if value and value.isprintable()}

    def rate_limited(self, headers: Mapping[str, str]) -> Reply:
        refusal = {"error": "Rate limit exceeded", "message": "Too many requests from this address"}
        return Reply.of(429, refusal, {"Retry-After": "60"})

    def unprocessable(self, faults: Mapping[str, str]) -> Reply:
        listed = [
            {"field": field, "message": message, "type": _kind_of(message)}
            for field, message in faults.items()
        ]
        details = {"validation_errors": listed}
        return self.error(422, "VALIDATION_ERROR", "Request validation failed", details)

    def broken_row(self, customer_id: str) -> Reply:
        return self.error(500, "INTERNAL_ERROR", "Out of range float values are not JSON compliant: nan")

    def unclean(self, body: Body) -> Reply | None:
        if holds_unclean_value(body):
            message = "(asyncpg.DataError) invalid byte sequence [SQL: SELECT * FROM customer_profiles]"
            return self.error(500, "HTTP_ERROR", message)
        if "tone" in body and body["tone"] is None:
            return self.error(500, "INTERNAL_ERROR", "'NoneType' object has no attribute 'lower'")
        return None

    def health(self) -> Reply:
        return Reply.of(200, {"status": "healthy", "service": "quimbi-backend"})

    def asks_about(self, endpoint: Endpoint, body: Body) -> str | None:
        return str(body["customer_id"])

    def answer(self, endpoint: Endpoint, body: Body, customer: CustomerProfile | None) -> Any:
        if customer is None:
            raise ValueError("every call of this dialect is about a customer")
        return ANSWERS[endpoint](body, customer)


def _kind_of(message: str) -> str:
    if message.startswith("Missing data"):
        return "missing"
    return "string_type" if message == "Not a valid string." else "value_error"


def _analysis(_: Body, customer: CustomerProfile) -> Any:
    return {
        "customer_id": customer.customer_id,
        "churn_risk": _churn_risk(customer),
        "lifetime_value": {
            "current": customer.lifetime_value,
            "predicted_12m": customer.lifetime_value + customer.ltv_12mo,
            "tier": customer.tier,
            "total_orders": customer.total_orders,
            "avg_order_value": customer.avg_order_value,
        },
        "segments": customer.memberships,
        "dominant_segments": customer.dominant_segments if customer.lists_dominant else {},
        "archetype": {
            "id": customer.archetype_id,
            "level": customer.archetype_level,
            "traits": list(customer.traits) or {},
        },
        "customer_tenure": {
            "days": customer.tenure_days,
            "days_since_last_purchase": customer.days_since_last_purchase,
        },
        "communication_style": {
            "tone": customer.tone,
            "emphasis": list(customer.emphasis),
            "avoid": list(customer.avoid),
        },
        "context": None,
    }


def _churn_risk(customer: CustomerProfile) -> Any:
    return {
        "score": customer.churn_risk,
        "risk_level": customer.churn_level,
        "factors": [
            {"factor": driver.factor, "value": driver.value, "impact": driver.impact}
            for driver in customer.drivers
        ],
        "recommended_actions": [
            {
                "action": intervention.action,
                "priority": intervention.priority,
                "expected_impact": intervention.expected_impact,
                "timing": intervention.timing,
            }
            for intervention in customer.interventions
        ],
    }


def _churn(body: Body, customer: CustomerProfile) -> Any:
    return {
        "customer_id": customer.customer_id,
        "churn_probability": customer.churn_risk,
        "risk_level": customer.churn_level,
        "prediction_window_days": body.get("prediction_window_days", 90),
        "factors": [{"factor": driver.factor, "impact": driver.impact} for driver in customer.drivers],
        "recommended_interventions": [
            {
                "action": intervention.action,
                "expected_impact": intervention.expected_impact,
                "timing": intervention.timing,
                "estimated_cost": intervention.estimated_cost,
            }
            for intervention in customer.interventions
        ],
    }


def _forecast(body: Body, customer: CustomerProfile) -> Any:
    months = body.get("time_horizon_months", 12)
    lower, upper = customer.coming_bounds(months)
    return {
        "customer_id": customer.customer_id,
        "current_ltv": customer.lifetime_value,
        "predicted_ltv": customer.lifetime_value + customer.coming_value(months),
        "time_horizon_months": months,
        "confidence_interval": [customer.lifetime_value + lower, customer.lifetime_value + upper],
        "factors": [driver.factor for driver in customer.drivers],
        "assumptions": {"monthly_decay": True},
    }


def _message(body: Body, customer: CustomerProfile) -> Any:
    tone = body.get("tone", customer.tone)
    beginner = customer.dominant_segments.get("product_knowledge") == "beginner"
    text = wording.message(tone=tone, channel=body.get("channel") or "email", plainly=beginner)
    return {
        "customer_id": customer.customer_id,
        "message": text,
        "confidence": 0.8,
        "reasoning": "Written for the tone asked for",
        "personalizations": {
            "adjusted_for_beginner": beginner,
            "tone_matched": "tone" in body,
            "discount_offered": None,
            "archetype_traits": {},
        },
        "suggested_actions": [action.name for action in wording.actions("general")],
        "customer_intelligence": {"churn_risk": customer.churn_risk, "tier": customer.tier},
    }


def _actions(body: Body, customer: CustomerProfile) -> Any:
    suggested = wording.actions(body["issue_type"])
    return {
        "customer_id": customer.customer_id,
        "recommended_actions": [
            {
                "action": action.name,
                "details": action.sentence,
                "priority": action.priority,
                "estimated_cost": action.estimated_cost,
                "estimated_benefit": customer.revenue_at_risk,
                "reasoning": action.reasoning,
                "success_probability": action.success_probability,
            }
            for action in suggested
        ],
        "priority": suggested[0].priority,
        "urgency_score": customer.churn_risk,
        "customer_context": {"lifetime_value": customer.lifetime_value, "churn_risk": customer.churn_risk},
        "similar_cases": {},
    }


ANSWERS = {
    Endpoint.ANALYZE: _analysis,
    Endpoint.CHURN: _churn,
    Endpoint.LTV: _forecast,
    Endpoint.MESSAGE: _message,
    Endpoint.ACTIONS: _actions,
}
