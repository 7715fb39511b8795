"""Assignments on the wire."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service.agents.schemas.agents import SPECIALISATIONS
from service.http.fields import Count, Flag, Locale, Number, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.permissions import Role
from service.tickets.handing import AssignmentEnding, AssignmentReason
from service.tickets.schemas.tickets import OUR_ID_LENGTH, TicketSchema

LONGEST_NOTE = 10_000
AGENT = {"example": "agent_4f0Qk2l1b8sVJ6Yz0mWc3A"}
LANGUAGES = ["de", "en-GB"]


class RemarkSchema(Schema):
    note = Text(
        LONGEST_NOTE,
        load_default=None,
        allow_none=True,
        metadata={"example": None, "description": "kept as an internal note of the ticket"},
    )


class AssignSchema(RemarkSchema):
    agent_id = Text(OUR_ID_LENGTH, required=True, metadata=AGENT)
    over_capacity = Flag(
        load_default=False,
        metadata={
            "example": False,
            "description": "also beyond the agent's capacity; takes tickets.assign_beyond_capacity",
        },
    )


class TransferSchema(RemarkSchema):
    agent_id = Text(OUR_ID_LENGTH, load_default=None, allow_none=True, metadata={"example": None})
    team_id = Text(
        OUR_ID_LENGTH,
        load_default=None,
        allow_none=True,
        metadata={
            "example": "team_8sVJ6Yz0mWc3A4f0Qk2l1b",
            "description": "without an agent: to whom of the team the rules find, else into its queue",
        },
    )
    escalation = Flag(load_default=False, metadata={"example": False})

    @validates_schema
    def _to_somebody(self, values: dict[str, Any], **_: Any) -> None:
        if not values.get("agent_id") and not values.get("team_id"):
            raise ValidationError("Must be the id of an agent, or name a team in team_id.", "agent_id")


class AssignmentSchema(Schema):
    id = fields.String(metadata={"example": "assignment_Zk3v9Qm0"})
    agent_id = fields.String(metadata=AGENT)
    team_id = fields.String(
        allow_none=True, metadata={"example": None, "description": "whose the ticket was by then"}
    )
    reason = fields.String(validate=validate.OneOf(AssignmentReason), metadata={"example": "auto"})
    strategies = fields.List(
        fields.String(), metadata={"example": ["language"], "description": "those that told agents apart"}
    )
    why = fields.String(
        allow_none=True,
        metadata={"example": "Speaks German.", "description": "why this agent, where a rule chose"},
    )
    assigned_by = fields.String(allow_none=True, metadata={"example": "service"})
    over_capacity = fields.Boolean(metadata={"example": False})
    assigned_at = Rfc3339(
        allow_none=True, metadata={"description": "null where it was so before assignments were kept"}
    )
    accepted_at = Rfc3339(allow_none=True)
    completed_at = Rfc3339(allow_none=True)
    ended_at = Rfc3339(allow_none=True)
    ending = fields.String(
        allow_none=True,
        validate=validate.OneOf(AssignmentEnding),
        metadata={"example": None, "description": "null while it is present"},
    )
    seconds_to_accept = Number(allow_none=True, metadata={"example": 42.5})
    seconds_to_complete = Number(
        allow_none=True, metadata={"example": None, "description": "since it was assigned"}
    )


class AssignmentQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class AssignmentListSchema(Schema):
    assignments = fields.List(fields.Nested(AssignmentSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class HandedSchema(Schema):
    """Of what is `Handed`."""

    ticket = fields.Nested(TicketSchema)
    assignment = fields.Nested(AssignmentSchema, allow_none=True)
    queued = fields.Boolean(attribute="ticket.queued", metadata={"example": False})
    why = fields.String(
        allow_none=True,
        metadata={"example": "Speaks German.", "description": "why this agent, or why nobody got it"},
    )


class AvailableQuerySchema(Schema):
    team_id = Text(OUR_ID_LENGTH, load_default=None)
    language = Locale(load_default=None, metadata={"example": "de", "description": "whatever its region"})
    specialisation = Text(100, load_default=None, metadata={"example": "returns"})


class AvailableAgentSchema(Schema):
    id = fields.String(metadata=AGENT)
    name = fields.String(metadata={"example": "Kim Lee"})
    role = fields.String(validate=validate.OneOf(Role), metadata={"example": "agent"})
    department = fields.String(allow_none=True, metadata={"example": "After sales"})
    languages = fields.List(fields.String(), metadata={"example": LANGUAGES})
    specialisations = fields.List(fields.String(), metadata={"example": SPECIALISATIONS})
    tickets = fields.Integer(
        attribute="load",
        data_key="load",
        metadata={"example": 3, "description": "tickets that are theirs, open or pending"},
    )
    capacity = fields.Integer(metadata={"example": 10})
    room = fields.Integer(metadata={"example": 7, "description": "how many more tickets"})
    last_assigned_at = Rfc3339(allow_none=True)


class AvailableSchema(Schema):
    agents = fields.List(fields.Nested(AvailableAgentSchema))
    agents_truncated = fields.Boolean(
        metadata={"example": False, "description": "whether there are more: ask for one team"}
    )
