"""Teams on the wire."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.agents.services import NewTeam, TeamChange
from service.http.fields import Choice, Count, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.strategy_table import STRATEGIES

LEAD = {"example": None, "description": "an active agent, who becomes a member"}
OWN_STRATEGIES = {
    "example": ["language", "least_loaded"],
    "description": "how tickets find their agent, in this order; null: as the desk is set",
}


def assignment_strategies(**options: Any) -> fields.List[str]:
    return fields.List(
        Choice(*STRATEGIES),
        allow_none=True,
        validate=[validate.Length(1, len(STRATEGIES)), _each_once],
        metadata=OWN_STRATEGIES | {"uniqueItems": True},
        **options,
    )


def _each_once(names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise ValidationError("Must name each strategy once.")


class NewTeamSchema(Schema):
    name = Text(200, required=True, metadata={"example": "Returns"})
    department = Text(200, load_default=None, allow_none=True, metadata={"example": "After sales"})
    lead_id = Text(64, load_default=None, allow_none=True, metadata=LEAD)
    assignment_strategies = assignment_strategies(load_default=None)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewTeam:
        return NewTeam(**values)


class TeamChangeSchema(Schema):
    name = Text(200, metadata={"example": "Returns"})
    department = Text(200, allow_none=True, metadata={"example": "After sales"})
    lead_id = Text(64, allow_none=True, metadata=LEAD)
    assignment_strategies = assignment_strategies()

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> TeamChange:
        return TeamChange(values=values)


class MemberSchema(Schema):
    id = fields.String(metadata={"example": "agent_4HfQz8"})
    name = fields.String(metadata={"example": "Kim Lee"})
    active = fields.Boolean(metadata={"example": True})


class ListedTeamSchema(Schema):
    id = fields.String(metadata={"example": "team_4HfQz8"})
    name = fields.String(metadata={"example": "Returns"})
    department = fields.String(allow_none=True, metadata={"example": "After sales"})
    lead_id = fields.String(allow_none=True, metadata={"example": "agent_4HfQz8"})
    assignment_strategies = fields.List(fields.String(), allow_none=True, metadata=OWN_STRATEGIES)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class TeamSchema(ListedTeamSchema):
    members = fields.List(fields.Nested(MemberSchema))

    def get_attribute(self, told: Any, attr: str, default: Any) -> Any:
        return super().get_attribute(told if attr == "members" else told.team, attr, default)


class ToldTeamSchema(Schema):
    team = fields.Nested(TeamSchema)


class TeamQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class TeamListSchema(Schema):
    teams = fields.List(fields.Nested(ListedTeamSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
