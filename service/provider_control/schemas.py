"""Providers as operators see them."""

from marshmallow import Schema, fields

from service.http.fields import Rfc3339


class CircuitSchema(Schema):
    name = fields.String(metadata={"description": "closed, open or half-open", "example": "closed"})
    retry_after_s = fields.Float(allow_none=True)
    failure_rate = fields.Float(allow_none=True)


class GuardsSchema(Schema):
    circuits = fields.Dict(keys=fields.String(), values=fields.Nested(CircuitSchema))
    paused_s = fields.Float()
    in_flight = fields.Integer()


class OutcomeSchema(Schema):
    connection = fields.String()
    reason = fields.String(allow_none=True)
    at = Rfc3339()


class ProviderSchema(Schema):
    name = fields.String(metadata={"example": "quimbi"})
    display_name = fields.String()
    enabled = fields.Boolean()
    generic = fields.Boolean(
        metadata={"description": "offers words of no particular knowledge, and is asked last"}
    )
    capabilities = fields.List(fields.String())
    guards = fields.Nested(GuardsSchema, metadata={"description": "in the process that answers"})
    last_outcome = fields.Nested(OutcomeSchema, allow_none=True)


class ProvidersSchema(Schema):
    providers = fields.List(fields.Nested(ProviderSchema))
