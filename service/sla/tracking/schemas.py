"""How promises stand, on the wire."""

from datetime import timedelta
from typing import Any

from marshmallow import Schema, fields

from service.http.fields import Choice, Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.sla.policies import Target
from service.sla.timeline import Status
from service.sla.working_time import Kind
from service.tickets.models import Priority, TicketStatus
from service.tickets.schemas.tickets import OUR_ID_LENGTH

SECONDS = {"example": 1_800.0}


class Seconds(fields.Field[timedelta]):
    """A length of time, to the microsecond."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{"metadata": {"type": "number", **SECONDS, **options.pop("metadata", {})}} | options
        )

    def _serialize(self, value: timedelta | None, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else value.total_seconds()


class Minutes(Seconds):
    def _serialize(self, value: timedelta | None, attr: str | None, obj: Any, **kwargs: Any) -> float | None:
        return None if value is None else value / timedelta(minutes=1)


def a_time(description: str) -> Rfc3339:
    return Rfc3339(allow_none=True, metadata={"description": description})


def target_field() -> fields.String:
    return Choice(*Target, metadata={"example": "first_response"})


def status_field() -> fields.String:
    return Choice(
        *Status,
        metadata={
            "description": "breached stays so, also once it was met late; paused is not breached",
            "example": "within_sla",
        },
    )


class PolicyNameSchema(Schema):
    id = fields.String(metadata={"example": "policy_normal"})
    name = fields.String(
        allow_none=True, metadata={"example": "Normal", "description": "null once it was deleted"}
    )


class TargetLevelSchema(Schema):
    """Of a `TargetLevel`."""

    target = target_field()
    policy = fields.Nested(PolicyNameSchema)
    target_minutes = Minutes(attribute="length", metadata={"description": "of working time", "example": 480})
    begin = Rfc3339()
    warn_at = a_time("from then on it is at risk; null as for due_at")
    due_at = a_time("null while it is paused, or where the calendar has too few hours ahead")
    elapsed_s = Seconds(attribute="elapsed", metadata={"description": "of working time, without pauses"})
    remaining_s = Seconds(attribute="remaining", metadata={"description": "below zero once overdue"})
    status = status_field()
    breached_at = Rfc3339(allow_none=True)
    met_at = a_time("when it was done, in time or late")
    paused_since = Rfc3339(allow_none=True)


class TicketLevelsSchema(Schema):
    """Of `TicketLevels`."""

    ticket_id = fields.String()
    as_of = Rfc3339()
    policy = fields.Nested(
        PolicyNameSchema,
        allow_none=True,
        metadata={"description": "null where no policy matches the ticket: nothing is promised to it"},
    )
    targets = fields.List(fields.Nested(TargetLevelSchema))


class TimeSegmentSchema(Schema):
    begin = Rfc3339()
    end = Rfc3339()
    kind = Choice(*Kind, metadata={"description": "working ones count", "example": "working"})
    name = fields.String(
        allow_none=True,
        metadata={"description": "of a holiday, a pause or a jump", "example": "Christmas Day"},
    )
    length_s = Seconds(
        attribute="length", metadata={"description": "0 for a jump of the clocks, which is a moment"}
    )


class EarlierSegmentsSchema(Schema):
    begin = Rfc3339()
    end = Rfc3339()
    segments = fields.Integer(metadata={"description": "how many are told as sums", "example": 120})
    lengths_s = fields.Dict(
        keys=fields.String(),
        values=Seconds(),
        attribute="lengths",
        metadata={"description": "by kind", "example": {"working": 86_400.0}},
    )


class ExplainedSchema(Schema):
    """Of `Explained`."""

    target = target_field()
    begin = Rfc3339()
    until = Rfc3339(metadata={"description": "when it was done, else now"})
    elapsed_s = Seconds(
        attribute="elapsed",
        metadata={"description": "the sum of the working segments, with those that are told as earlier"},
    )
    earlier = fields.Nested(
        EarlierSegmentsSchema,
        allow_none=True,
        metadata={"description": "segments before the last 500, as sums; null where there are no more"},
    )
    segments = fields.List(fields.Nested(TimeSegmentSchema))
    differs = fields.Boolean(
        metadata={
            "description": "its calendar was changed since it was done: what was judged then stays, and is "
            "not what the calendar would make of it now",
            "example": False,
        }
    )


class ExplainedLevelsSchema(Schema):
    """Of `ExplainedLevels`."""

    ticket_id = fields.String()
    as_of = Rfc3339()
    policy = fields.Nested(PolicyNameSchema, allow_none=True)
    targets = fields.List(fields.Nested(ExplainedSchema))


class TargetInShortSchema(Schema):
    target = target_field()
    policy_id = fields.String(metadata={"example": "policy_normal"})
    status = status_field()
    due_at = Rfc3339(allow_none=True)
    breached_at = Rfc3339(allow_none=True)
    met_at = Rfc3339(allow_none=True)
    paused_since = Rfc3339(allow_none=True)


class LevelsInShortSchema(Schema):
    """Of `LevelsInShort`."""

    as_of = Rfc3339(
        metadata={"description": "what happened to the ticket since is not in it; /sla has it at once"}
    )
    targets = fields.List(fields.Nested(TargetInShortSchema))


# ---------------------------------------------------------------- lists


class TargetListQuerySchema(Schema):
    policy_id = Text(OUR_ID_LENGTH, load_default=None)
    priority = Choice(*Priority, load_default=None)
    team_id = Text(OUR_ID_LENGTH, load_default=None)
    agent_id = Text(OUR_ID_LENGTH, load_default=None, metadata={"description": "who has the ticket"})
    target = Choice(*Target, load_default=None)
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class BreachListQuerySchema(TargetListQuerySchema):
    met = Flag(
        load_default=None,
        metadata={"description": "whether it was done by now, late; false: what still waits"},
    )


class ListedTicketSchema(Schema):
    id = fields.String(attribute="ticket_id", metadata={"example": "ticket_9"})
    subject = fields.String()
    status = Choice(*TicketStatus, attribute="ticket_status")
    priority = Choice(*Priority)
    assigned_to = fields.String(allow_none=True)
    team_id = fields.String(allow_none=True)


class ListedTargetSchema(Schema):
    """Of a `ListedTarget`."""

    ticket = fields.Nested(ListedTicketSchema, attribute="kept")
    policy = fields.Nested(PolicyNameSchema)
    target = Choice(*Target, attribute="kept.target", metadata={"example": "first_response"})
    target_minutes = fields.Function(
        lambda one: one.kept.length_s / 60, metadata={"type": "number", "example": 30}
    )
    begin = Rfc3339(attribute="kept.begin")
    status = Choice(*Status, attribute="kept.status")
    due_at = Rfc3339(attribute="kept.due_at", allow_none=True)
    breached_at = Rfc3339(attribute="kept.breached_at", allow_none=True)
    met_at = Rfc3339(attribute="kept.met_at", allow_none=True)
    paused_since = Rfc3339(attribute="kept.paused_since", allow_none=True)


class TargetListSchema(Schema):
    targets = fields.List(fields.Nested(ListedTargetSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
