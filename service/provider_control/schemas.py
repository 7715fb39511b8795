"""Providers as operators see and switch them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from service.customer_base.schemas import FitReportSchema
from service.http.fields import Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema

MOST_PROVIDERS = 100
LONGEST_REASON = 500


class CircuitSchema(Schema):
    name = fields.String(metadata={"description": "closed, open or half-open", "example": "closed"})
    retry_after_s = fields.Float(allow_none=True)
    failure_rate = fields.Float(allow_none=True)
    hinted = fields.Boolean(
        metadata={"description": "open because another process opened its own", "example": False}
    )


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
    position = fields.Integer(metadata={"description": "in the order, from 1", "example": 1})
    generic = fields.Boolean(
        metadata={"description": "offers words of no particular knowledge, and is asked last"}
    )
    capabilities = fields.List(fields.String())
    guards = fields.Nested(GuardsSchema, metadata={"description": "in the process that answers"})
    last_outcome = fields.Nested(OutcomeSchema, allow_none=True)


class TogglesSchema(Schema):
    version = fields.Integer(
        metadata={"description": "raised by every change; 0 where there was none", "example": 7}
    )
    configured = fields.List(
        fields.String(),
        metadata={"description": "what the service was started with", "example": ["quimbi", "fallback"]},
    )
    order = fields.List(fields.String(), metadata={"example": ["quimbi", "fallback"]})
    enabled = fields.List(
        fields.String(),
        metadata={"description": "in the order in which they are asked", "example": ["fallback"]},
    )
    changed_by = fields.String(allow_none=True, metadata={"example": "key:ops"})
    reason = fields.String(allow_none=True, metadata={"example": "Quimbi announced maintenance."})
    changed_at = Rfc3339(allow_none=True)


class LatencySchema(Schema):
    bounds_s = fields.List(fields.Float(), metadata={"example": [0.05, 0.1, 0.25]})
    counts = fields.List(
        fields.Integer(),
        metadata={"description": "calls that took so many seconds at most", "example": [3, 9, 12]},
    )


class CapabilityReportSchema(Schema):
    circuit = fields.Nested(
        CircuitSchema, allow_none=True, metadata={"description": "null for a provider that needs none"}
    )
    calls = fields.Integer(metadata={"description": "attempts since the process started", "example": 12})
    failures = fields.Integer(metadata={"example": 0})
    latency = fields.Nested(LatencySchema)


class LastErrorSchema(Schema):
    capability = fields.String(metadata={"example": "analyze"})
    reason = fields.String(metadata={"example": "timeout"})
    at = Rfc3339()


class ProviderReportSchema(Schema):
    name = fields.String(metadata={"example": "quimbi"})
    enabled = fields.Boolean()
    capabilities = fields.Dict(keys=fields.String(), values=fields.Nested(CapabilityReportSchema))
    in_flight = fields.Integer()
    paused_s = fields.Float()
    last_error = fields.Nested(LastErrorSchema, allow_none=True)
    oldest_served_s = fields.Float(
        allow_none=True,
        metadata={
            "description": "age of the oldest snapshot served in the last minutes, at least 5",
            "example": 3600.0,
        },
    )


class CacheSchema(Schema):
    hits = fields.Integer(metadata={"example": 90})
    misses = fields.Integer(metadata={"example": 10})
    errors = fields.Integer(metadata={"example": 0})
    hit_rate = fields.Float(allow_none=True, metadata={"example": 0.9})


class ProcessSchema(Schema):
    id = fields.String(attribute="process.id", metadata={"example": "process_V1StGXR8Z5jdHi6B"})
    host = fields.String(attribute="process.host", metadata={"example": "desk-1"})
    pid = fields.Integer(attribute="process.pid", metadata={"example": 4711})
    started_at = Rfc3339(attribute="process.started_at")
    at = Rfc3339()
    toggles_version = fields.Integer(
        attribute="report.toggles_version",
        metadata={"description": "of the switches that it follows", "example": 7},
    )
    order = fields.List(
        fields.String(),
        attribute="report.order",
        metadata={"description": "the enabled providers", "example": ["fallback"]},
    )
    providers = fields.List(fields.Nested(ProviderReportSchema), attribute="report.providers")
    cache = fields.Nested(CacheSchema, attribute="report.cache")


class ProvidersSchema(Schema):
    providers = fields.List(fields.Nested(ProviderSchema))
    toggles = fields.Nested(TogglesSchema)
    processes = fields.List(
        fields.Nested(ProcessSchema), metadata={"description": "the one that answers comes first"}
    )
    complete = fields.Boolean(
        metadata={
            "description": "false where the database is away, so that only one process is told of",
            "example": True,
        }
    )


class ProviderDetailSchema(Schema):
    provider = fields.Nested(ProviderSchema)
    processes = fields.List(fields.Nested(ProcessSchema))
    complete = fields.Boolean(metadata={"example": True})
    fit = fields.Nested(
        FitReportSchema,
        allow_none=True,
        metadata={"description": "what it is fitted to; null for a provider that the desk does not fit"},
    )


class ReasonSchema(Schema):
    reason = Text(
        LONGEST_REASON,
        required=True,
        metadata={"description": "kept in the history", "example": "Quimbi announced maintenance."},
    )


class ProviderChangeSchema(ReasonSchema):
    enabled = Flag(load_default=None, allow_none=False, metadata={"example": False})
    position = Count(
        1,
        MOST_PROVIDERS,
        load_default=None,
        allow_none=False,
        metadata={"description": "from 1", "example": 2},
    )

    @validates_schema
    def _changes_something(self, change: dict[str, Any], **_: Any) -> None:
        if change["enabled"] is None and change["position"] is None:
            raise ValidationError("Give enabled, position or both.", "enabled")


class SwitchedSchema(Schema):
    toggles = fields.Nested(TogglesSchema)
    consequences = fields.List(
        fields.String(),
        metadata={
            "description": "what else this means for the desk",
            "example": ["Only generic words are left: facts are unknown and drafts are generic."],
        },
    )


class HistoryQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class ChangeSchema(Schema):
    id = fields.Integer(metadata={"example": 41})
    at = Rfc3339()
    change = fields.String(
        metadata={
            "description": "enabled, disabled, reordered, reset, circuit_reset or toggles_dropped",
            "example": "disabled",
        }
    )
    provider = fields.String(
        allow_none=True, metadata={"description": "null where it is about all", "example": "quimbi"}
    )
    changed_by = fields.String(metadata={"example": "key:ops"})
    reason = fields.String(metadata={"example": "Quimbi announced maintenance."})
    version = fields.Integer(metadata={"example": 7})
    order_before = fields.List(fields.String(), metadata={"example": ["quimbi", "fallback"]})
    disabled_before = fields.List(fields.String(), metadata={"example": []})
    order = fields.List(fields.String(), metadata={"example": ["quimbi", "fallback"]})
    disabled = fields.List(fields.String(), metadata={"example": ["quimbi"]})


class HistorySchema(Schema):
    changes = fields.List(fields.Nested(ChangeSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
