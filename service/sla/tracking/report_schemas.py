"""How many promises were kept, on the wire."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, fields, post_load

from service.customers.schemas.customers import TimeZone
from service.http.fields import Rfc3339
from service.sla.policies import Target
from service.sla.schemas.calendars import Day


class PeriodQuerySchema(Schema):
    since = Day(
        data_key="from",
        load_default=None,
        metadata={"description": "the first day; 30 days before to unless given", "example": "2026-01-01"},
    )
    until = Day(
        data_key="to",
        load_default=None,
        metadata={"description": "exclusive; tomorrow unless given", "example": "2026-02-01"},
    )
    time_zone = TimeZone(
        load_default="UTC", metadata={"description": "whose days (IANA)", "example": "Europe/Vienna"}
    )

    @post_load
    def _in_days(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        since, until = (values[name] and date.fromisoformat(values[name]) for name in ("since", "until"))
        return {"since": since, "until": until, "zone": ZoneInfo(values["time_zone"])}


class KeptPromisesSchema(Schema):
    met = fields.Integer(metadata={"description": "done in time", "example": 38})
    breached = fields.Integer(metadata={"example": 2})
    compliance = fields.Float(
        allow_none=True,
        metadata={
            "description": "met, of both; null where nothing was due",
            "example": 0.95,
            "minimum": 0,
            "maximum": 1,
        },
    )


class ComplianceSchema(KeptPromisesSchema):
    """Of a `Compliance`: all targets together, and each by itself."""

    first_response = fields.Nested(KeptPromisesSchema)
    next_response = fields.Nested(KeptPromisesSchema)
    resolution = fields.Nested(KeptPromisesSchema)

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        if attr in set(Target):
            return obj.by_target[Target(attr)]
        return getattr(obj.total, attr)


class ValueComplianceSchema(Schema):
    id = fields.String(
        allow_none=True, metadata={"description": "null for what has none", "example": "policy_urgent"}
    )
    name = fields.String(
        allow_none=True, metadata={"description": "null where it is not known by now", "example": "Urgent"}
    )
    compliance = fields.Nested(ComplianceSchema)


class DayComplianceSchema(Schema):
    day = fields.Date(metadata={"example": "2026-01-31"})
    compliance = fields.Nested(ComplianceSchema)


class ComplianceReportSchema(Schema):
    """Of a `ComplianceReport`."""

    since = fields.Date(data_key="from", attribute="period.since", metadata={"example": "2026-01-01"})
    until = fields.Date(
        data_key="to",
        attribute="period.until",
        metadata={"description": "exclusive", "example": "2026-02-01"},
    )
    time_zone = fields.String(attribute="period.zone.key", metadata={"example": "Europe/Vienna"})
    agent_id = fields.String(
        allow_none=True,
        metadata={"description": "whose alone it is, for one who reads no others'; null for everybody's"},
    )
    overall = fields.Nested(ComplianceSchema)
    by_policy = fields.List(fields.Nested(ValueComplianceSchema))
    by_priority = fields.List(fields.Nested(ValueComplianceSchema))
    by_team = fields.List(fields.Nested(ValueComplianceSchema))
    by_agent = fields.List(fields.Nested(ValueComplianceSchema))
    by_day = fields.List(fields.Nested(DayComplianceSchema))


class OpenTargetsSchema(Schema):
    count = fields.Integer(metadata={"example": 3})
    is_estimate = fields.Boolean(metadata={"description": "there are more", "example": False})


class DashboardSchema(Schema):
    """Of a `Dashboard`."""

    as_of = Rfc3339()
    at_risk = fields.Nested(OpenTargetsSchema)
    breached = fields.Nested(OpenTargetsSchema, metadata={"description": "and not done yet"})
    report = fields.Nested(ComplianceReportSchema)
