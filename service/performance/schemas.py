"""Figures on the wire."""

from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from service.http.dumping import OfObjects, Rows
from service.http.fields import Choice, Count, Currency, Day, Number, Rfc3339, Text, TimeZone
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.intelligence.at_risk import RiskFilter
from service.intelligence.risk_classes import told_revenue
from service.performance.services import Asked
from service.tickets.models import Channel

UTC = "UTC"
CHANNELS = tuple(channel.value for channel in Channel)


class FormatSchema(Schema):
    format = Choice(
        "json", "csv", load_default="json", metadata={"description": "csv: lines for a spreadsheet"}
    )


class TodayQuerySchema(FormatSchema):
    time_zone = TimeZone(
        load_default=lambda: ZoneInfo(UTC),
        metadata={"description": "whose days are meant, by its name in the IANA database; UTC unless given"},
    )


class DaysQuerySchema(TodayQuerySchema):
    since = Day(
        data_key="from",
        load_default=None,
        metadata={"description": "the first day; 30 days before to unless given", "example": "2026-01-01"},
    )
    until = Day(
        data_key="to",
        load_default=None,
        metadata={
            "description": "the day after the last one; tomorrow unless given, so that today is counted",
            "example": "2026-02-01",
        },
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        asked = Asked(values.pop("time_zone"), values.pop("since"), values.pop("until"))
        return {"asked": asked, **values}


class TeamQuerySchema(DaysQuerySchema):
    team_id = Text(64, load_default=None, metadata={"description": "of one team"})


class VolumeQuerySchema(TeamQuerySchema):
    channel = Choice(*CHANNELS, load_default=None)

    @validates_schema
    def _check_one_alone(self, values: dict[str, Any], **_: Any) -> None:
        if values.get("team_id") and values.get("channel"):
            raise ValidationError("Is not kept by team; leave out either channel or team_id.", "channel")


class ChurnQuerySchema(FormatSchema):
    min_risk = fields.Float(
        load_default=None,
        validate=validate.Range(0, 1, error="Must be a number from 0 to 1."),
        error_messages=dict.fromkeys(("invalid", "special", "too_large"), "Must be a number from 0 to 1."),
        metadata={"description": "the least churn risk", "example": 0.5},
    )
    level = Text(50, load_default=None, metadata={"description": "of the churn risk", "example": "high"})
    currency = Currency(load_default=None, metadata={"description": "of the amounts", "example": "EUR"})
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        wanted = RiskFilter(**{name: values.pop(name) for name in ("min_risk", "level", "currency")})
        return {"wanted": wanted, **values}


def _seconds(about: str, example: float, **options: Any) -> fields.Float:
    return fields.Float(allow_none=True, metadata={"description": about, "example": example}, **options)


class DurationsSchema(OfObjects):
    count = fields.Integer(metadata={"example": 34})
    mean_s = _seconds("exact; null where there was none", 5120.4)
    median_s = _seconds("half took no longer; within 4 %", 1800.2)
    p90_s = _seconds("nine in ten took no longer; within 4 %", 14211.0)


class DraftsSchema(OfObjects):
    verbatim = fields.Integer(metadata={"description": "sent as they were", "example": 12})
    edited = fields.Integer(metadata={"description": "sent with changes", "example": 10})
    set_aside = fields.Integer(metadata={"description": "something else was sent", "example": 2})


class WorkSchema(OfObjects):
    assigned = fields.Integer(metadata={"description": "tickets that an agent got", "example": 40})
    resolved = fields.Integer(metadata={"description": "resolved, or closed unresolved", "example": 34})
    reopened = fields.Integer(
        metadata={"description": "opened again after whoever it is had resolved them", "example": 3}
    )
    transferred = fields.Integer(metadata={"description": "passed on to another agent or team", "example": 2})
    messages = fields.Integer(metadata={"description": "written by agents", "example": 96})
    first_response = fields.Nested(DurationsSchema)
    next_response = fields.Nested(DurationsSchema)
    resolution = fields.Nested(DurationsSchema)
    drafts = fields.Nested(DraftsSchema)
    time_online_s = _seconds("null where no status was ever told", 27000.0)
    time_away_s = _seconds("as of time_online_s", 1800.0)
    time_busy_s = _seconds("as of time_online_s", 3600.0)


class VolumeSchema(OfObjects):
    created = fields.Integer(metadata={"example": 120})
    imported = fields.Integer(
        metadata={"description": "brought from elsewhere, when they came", "example": 0}
    )
    resolved = fields.Integer(metadata={"description": "resolved, or closed unresolved", "example": 110})
    closed = fields.Integer(metadata={"example": 90})
    reopened = fields.Integer(metadata={"example": 8})
    deleted = fields.Integer(metadata={"example": 1})
    restored = fields.Integer(metadata={"example": 0})
    customer_messages = fields.Integer(metadata={"example": 260})
    backlog = fields.Integer(
        allow_none=True,
        metadata={
            "description": "open and pending at the end, or by now; null for what is yet to come",
            "example": 57,
        },
    )


class ReportSchema(Schema):
    since = Day(data_key="from", attribute="days.since")
    until = Day(data_key="to", attribute="days.until", metadata={"description": "not counted itself"})
    time_zone = TimeZone(attribute="days.zone")
    as_of = Rfc3339(
        attribute="freshness.as_of", metadata={"description": "what happened before is in the figures"}
    )
    position = fields.Integer(
        attribute="freshness.position",
        metadata={"description": "of the last event that is counted", "example": 81_204},
    )
    lag = fields.Integer(
        attribute="freshness.lag",
        metadata={"description": "how many events are not counted yet", "example": 0},
    )
    sealed_before = Rfc3339(
        allow_none=True,
        attribute="freshness.sealed_before",
        metadata={"description": "what is told of the time before never changes again"},
    )


class WorkOfDaySchema(WorkSchema):
    """Of one day."""

    date = Day()

    def place(self, attribute: str) -> str:
        return attribute if attribute == "date" else f"figures.{attribute}"


class VolumeOfDaySchema(VolumeSchema):
    """Of one day."""

    date = Day()

    def place(self, attribute: str) -> str:
        return attribute if attribute == "date" else f"figures.{attribute}"


class AgentReportSchema(ReportSchema):
    agent_id = fields.String(metadata={"example": "agent_7Yx2"})
    total = fields.Nested(WorkSchema)
    by_day = Rows(WorkOfDaySchema, data_key="days")


class MemberFiguresSchema(OfObjects):
    agent_id = fields.String(metadata={"example": "agent_7Yx2"})
    name = fields.String(metadata={"example": "Kim Lee"})
    active = fields.Boolean(metadata={"example": True})
    total = fields.Nested(WorkSchema, attribute="work")


class TeamReportSchema(ReportSchema):
    team_ids = fields.List(
        fields.String(),
        allow_none=True,
        metadata={"description": "whose figures these are; null: the whole desk's", "example": ["team_1a"]},
    )
    total = fields.Nested(WorkSchema)
    by_day = Rows(WorkOfDaySchema, data_key="days")
    members = Rows(
        MemberFiguresSchema,
        allow_none=True,
        metadata={"description": "of a team that is named: each one's own figures, on whosever tickets"},
    )


class VolumeReportSchema(ReportSchema):
    team_id = fields.String(allow_none=True, metadata={"example": None})
    channel = fields.String(allow_none=True, metadata={"example": "email"})
    total = fields.Nested(VolumeSchema)
    by_day = Rows(VolumeOfDaySchema, data_key="days")


class ChannelFiguresSchema(OfObjects):
    channel = fields.String(metadata={"example": "email"})
    share = fields.Float(
        allow_none=True,
        metadata={"description": "of the tickets created; null where none was", "example": 0.62},
    )
    volume = fields.Nested(VolumeSchema)
    first_response = fields.Nested(DurationsSchema)
    next_response = fields.Nested(DurationsSchema)
    resolution = fields.Nested(DurationsSchema)


class ChannelReportSchema(ReportSchema):
    channels = Rows(ChannelFiguresSchema)


class RevenueAtRisk(Number):
    """Of a customer."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **_: Any) -> float:
        return float(told_revenue(obj.churn_risk, obj.lifetime_value))


class AtRiskSchema(OfObjects):
    customer_id = fields.String(metadata={"example": "cust_123"})
    name = fields.String(allow_none=True, metadata={"example": "Ada Example"})
    churn_risk = Number(metadata={"example": 0.65})
    churn_risk_level = fields.String(metadata={"example": "high"})
    lifetime_value = Number(metadata={"example": 1200.0})
    revenue_at_risk = RevenueAtRisk(
        metadata={"description": "churn risk times lifetime value, to the cent", "example": 780.0}
    )
    currency = fields.String(allow_none=True, metadata={"example": "EUR"})
    archetype_id = fields.String(allow_none=True, metadata={"example": "arch_premium_deal_hunter"})
    provider = fields.String(metadata={"description": "whose facts these are", "example": "quimbi"})
    as_of = Rfc3339()


class AtRiskListSchema(Schema):
    customers = Rows(AtRiskSchema, attribute="rows")
    pagination = fields.Nested(PaginationSchema)
