"""Health on the wire."""

from marshmallow import Schema, fields, validate

from service.health.services import ServiceState, Status


class HealthSchema(Schema):
    status = fields.String(validate=validate.OneOf(Status))
    services = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(ServiceState)),
        metadata={
            "example": {"database": "connected", "redis_cache": "connected", "quimbi_api": "connected"}
        },
    )
    reasons = fields.Dict(
        keys=fields.String(), values=fields.String(), metadata={"description": "why a service is unavailable"}
    )
    features = fields.Dict(
        keys=fields.String(),
        values=fields.Boolean(),
        metadata={"example": {"ai_draft_generation": True, "customer_intelligence": True}},
    )
    providers = fields.List(fields.String(), metadata={"description": "in the order in which they are asked"})
    providers_chosen_by = fields.String(validate=validate.OneOf(["configured", "quimbi_key", "no_key"]))
    development_callers = fields.Boolean(
        metadata={
            "description": "who calls from this machine needs no key: in development, never elsewhere",
            "example": False,
        }
    )


class LivenessSchema(Schema):
    status = fields.String(metadata={"example": "alive"})


class ReadinessSchema(Schema):
    status = fields.String(metadata={"example": "ready"})
