"""Agents on the wire."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from service.agents.models import AgentStatus
from service.agents.queries import AgentFilter
from service.agents.services import AgentChange, NewAgent
from service.agents.services.agents import DEFAULT_CAPACITY
from service.http.fields import Choice, Count, Email, Flag, Locale, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.permissions import Role

MOST_LANGUAGES = 20
MOST_SPECIALISATIONS = 50
MOST_TICKETS = 1_000
LANGUAGES, SPECIALISATIONS = ["de", "en-GB"], ["returns"]


class LowerCaseEmail(Email):
    """Two addresses that differ in case alone are one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        return super()._deserialize(value, attr, data, **kwargs).lower()


def languages(**options: Any) -> fields.List[str]:
    return fields.List(
        Locale(), validate=validate.Length(max=MOST_LANGUAGES), metadata={"example": LANGUAGES}, **options
    )


def specialisations(**options: Any) -> fields.List[str]:
    return fields.List(
        Text(100),
        validate=validate.Length(max=MOST_SPECIALISATIONS),
        metadata={"example": SPECIALISATIONS},
        **options,
    )


class NewAgentSchema(Schema):
    email = LowerCaseEmail(
        required=True, metadata={"example": "kim@desk.example", "description": "kept in lower case"}
    )
    name = Text(200, required=True, metadata={"example": "Kim Lee"})
    role = Choice(*Role, load_default=Role.AGENT)
    department = Text(200, load_default=None, allow_none=True, metadata={"example": "After sales"})
    languages = languages(load_default=list)
    specialisations = specialisations(load_default=list)
    capacity = Count(
        1,
        MOST_TICKETS,
        load_default=DEFAULT_CAPACITY,
        metadata={"example": 10, "description": "how many tickets at once"},
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewAgent:
        return NewAgent(
            email=values["email"],
            name=values["name"],
            role=Role(values["role"]),
            department=values["department"],
            languages=_each_once(values["languages"]),
            specialisations=_each_once(values["specialisations"]),
            capacity=values["capacity"],
        )


class AgentChangeSchema(Schema):
    email = LowerCaseEmail(metadata={"example": "kim@desk.example"})
    name = Text(200, metadata={"example": "Kim Lee"})
    role = Choice(*Role)
    department = Text(200, allow_none=True, metadata={"example": "After sales"})
    languages = languages()
    specialisations = specialisations()
    capacity = Count(1, MOST_TICKETS, metadata={"example": 10, "description": "how many tickets at once"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> AgentChange:
        if "role" in values:
            values["role"] = Role(values["role"])
        for name in {"languages", "specialisations"} & values.keys():
            values[name] = list(_each_once(values[name]))
        return AgentChange(values=values)


class OwnStatusSchema(Schema):
    status = Choice(*AgentStatus, required=True, metadata={"example": "online"})


class TeamNameSchema(Schema):
    id = fields.String(metadata={"example": "team_4HfQz8"})
    name = fields.String(metadata={"example": "Returns"})


class AgentSchema(Schema):
    id = fields.String(metadata={"example": "agent_4HfQz8"})
    email = fields.String(metadata={"example": "kim@desk.example"})
    name = fields.String(metadata={"example": "Kim Lee"})
    role = fields.String(validate=validate.OneOf(Role))
    status = fields.String(validate=validate.OneOf(AgentStatus))
    department = fields.String(allow_none=True, metadata={"example": "After sales"})
    languages = fields.List(fields.String(), metadata={"example": LANGUAGES})
    specialisations = fields.List(fields.String(), metadata={"example": SPECIALISATIONS})
    capacity = fields.Integer(metadata={"example": 10, "description": "how many tickets at once"})
    active = fields.Boolean(metadata={"example": True})
    teams = fields.List(fields.Nested(TeamNameSchema))
    created_at = Rfc3339()
    updated_at = Rfc3339()

    def get_attribute(self, told: Any, attr: str, default: Any) -> Any:
        return super().get_attribute(told if attr == "teams" else told.agent, attr, default)


class ToldAgentSchema(Schema):
    agent = fields.Nested(AgentSchema)


class AgentQuerySchema(Schema):
    role = Choice(*Role, load_default=None)
    status = Choice(*AgentStatus, load_default=None)
    team_id = Text(64, load_default=None)
    active = Flag(load_default=None)
    q = Text(
        100,
        load_default=None,
        metadata={"description": "how the e-mail address or a word of the name begins", "example": "kim"},
    )
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """`filter`, and what `Page` is asked by."""
        wanted = AgentFilter(
            prefix=values.pop("q"),
            **{name: values.pop(name) for name in ("role", "status", "team_id", "active")},
        )
        return values | {"filter": wanted}


class AgentListSchema(Schema):
    agents = fields.List(fields.Nested(AgentSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


def _each_once(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
