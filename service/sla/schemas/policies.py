"""Policies on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, post_load, validate

from service.http.fields import Amount, Choice, Count, Rfc3339, Share, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.sla.services import NewPolicy, PolicyChange, ProposedPolicy
from service.sla.services.dry_run import MOST_TICKETS
from service.sla.services.policies import MOST_POLICIES
from service.tickets.models import Channel, Priority

MOST_TAGS = 50
MOST_DEPARTMENTS = 50
MOST_MINUTES = 525_600
"""A year around the clock."""

CONDITIONS: Mapping[str, dict[str, Any]] = {
    "priorities": {"description": "any of them; an empty list for all", "example": ["urgent", "high"]},
    "channels": {"description": "any of them; an empty list for all", "example": []},
    "all_tags": {"description": "the ticket has all of them", "example": []},
    "any_tags": {"description": "the ticket has one of them at least", "example": ["vip"]},
    "departments": {"description": "of the ticket's team; an empty list for all", "example": []},
    "min_lifetime_value": {
        "description": "of the customer, as known when the ticket was last scored; unknown is below",
        "example": None,
    },
    "min_churn_risk": {
        "description": "of the customer, as known when the ticket was last scored; unknown is below",
        "example": None,
    },
}
MINUTES = "minutes of the calendar's working time; null promises nothing"
FIRST_RESPONSE = {"description": MINUTES, "example": 30}
NEXT_RESPONSE = {"description": MINUTES, "example": 120}
RESOLUTION = {"description": MINUTES, "example": 480}
WARNING = {"description": "of a target, after which it is at risk", "example": 0.8}
CALENDAR = {"description": "in whose working time the targets count", "example": "calendar_always"}


def _one_of(kind: type[Priority] | type[Channel], name: str, **options: Any) -> fields.List[str]:
    most = validate.Length(max=len(kind))
    return fields.List(Choice(*kind), validate=most, metadata=CONDITIONS[name], **options)


def _texts(longest: int, most: int, name: str, **options: Any) -> fields.List[str]:
    bound = validate.Length(max=most)
    return fields.List(Text(longest), validate=bound, metadata=CONDITIONS[name], **options)


def _minutes(told: dict[str, Any], **options: Any) -> Count:
    return Count(1, MOST_MINUTES, allow_none=True, metadata=told, **options)


def _share(**options: Any) -> Share:
    return Share(0.01, 0.99, metadata=WARNING, **options)


class NewPolicySchema(Schema):
    name = Text(200, required=True, metadata={"example": "VIP"})
    priorities = _one_of(Priority, "priorities", load_default=list)
    channels = _one_of(Channel, "channels", load_default=list)
    all_tags = _texts(100, MOST_TAGS, "all_tags", load_default=list)
    any_tags = _texts(100, MOST_TAGS, "any_tags", load_default=list)
    departments = _texts(200, MOST_DEPARTMENTS, "departments", load_default=list)
    min_lifetime_value = Amount(load_default=None, allow_none=True, metadata=CONDITIONS["min_lifetime_value"])
    min_churn_risk = Share(0, 1, load_default=None, allow_none=True, metadata=CONDITIONS["min_churn_risk"])
    calendar_id = Text(64, required=True, metadata=CALENDAR)
    first_response_minutes = _minutes(FIRST_RESPONSE, load_default=None)
    next_response_minutes = _minutes(NEXT_RESPONSE, load_default=None)
    resolution_minutes = _minutes(RESOLUTION, load_default=None)
    warning_share = _share(load_default=0.8)
    position = Count(
        1,
        MOST_POLICIES,
        load_default=1,
        metadata={"description": "which it is to be in the order; the first unless told", "example": 1},
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewPolicy:
        position = values.pop("position")
        return NewPolicy(values=_each_once(values), position=position)


class PolicyChangeSchema(Schema):
    name = Text(200, metadata={"example": "VIP"})
    priorities = _one_of(Priority, "priorities")
    channels = _one_of(Channel, "channels")
    all_tags = _texts(100, MOST_TAGS, "all_tags")
    any_tags = _texts(100, MOST_TAGS, "any_tags")
    departments = _texts(200, MOST_DEPARTMENTS, "departments")
    min_lifetime_value = Amount(allow_none=True, metadata=CONDITIONS["min_lifetime_value"])
    min_churn_risk = Share(0, 1, allow_none=True, metadata=CONDITIONS["min_churn_risk"])
    calendar_id = Text(64, metadata=CALENDAR)
    first_response_minutes = _minutes(FIRST_RESPONSE)
    next_response_minutes = _minutes(NEXT_RESPONSE)
    resolution_minutes = _minutes(RESOLUTION)
    warning_share = _share()

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Any:
        return PolicyChange(values=_each_once(values))


class ProposedPolicySchema(PolicyChangeSchema):
    """Of one that is there, with its id, what is to be another; else a new one."""

    id = Text(64, load_default=None, allow_none=True, metadata={"example": "policy_urgent"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> ProposedPolicy:
        policy_id = values.pop("id")
        return ProposedPolicy(policy_id, _each_once(values))


class PolicySchema(Schema):
    id = fields.String(metadata={"example": "policy_4HfQz8"})
    name = fields.String(metadata={"example": "VIP"})
    priorities = fields.List(fields.String(), metadata=CONDITIONS["priorities"])
    channels = fields.List(fields.String(), metadata=CONDITIONS["channels"])
    all_tags = fields.List(fields.String(), metadata=CONDITIONS["all_tags"])
    any_tags = fields.List(fields.String(), metadata=CONDITIONS["any_tags"])
    departments = fields.List(fields.String(), metadata=CONDITIONS["departments"])
    min_lifetime_value = Amount(allow_none=True, metadata=CONDITIONS["min_lifetime_value"])
    min_churn_risk = fields.Float(allow_none=True, metadata=CONDITIONS["min_churn_risk"])
    calendar_id = fields.String(metadata=CALENDAR)
    first_response_minutes = fields.Integer(allow_none=True, metadata=FIRST_RESPONSE)
    next_response_minutes = fields.Integer(allow_none=True, metadata=NEXT_RESPONSE)
    resolution_minutes = fields.Integer(allow_none=True, metadata=RESOLUTION)
    warning_share = fields.Float(metadata=WARNING)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class ToldPolicySchema(Schema):
    policy = fields.Nested(PolicySchema)


class PolicyQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class PolicyListSchema(Schema):
    policies = fields.List(fields.Nested(PolicySchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class PolicyOrderSchema(Schema):
    policy_ids = fields.List(
        Text(64),
        required=True,
        validate=validate.Length(1, MOST_POLICIES),
        metadata={
            "description": "all of them, each once",
            "example": ["policy_urgent", "policy_high", "policy_normal", "policy_low"],
        },
    )


class DryRunSchema(Schema):
    policies = fields.List(
        fields.Nested(ProposedPolicySchema),
        required=True,
        validate=validate.Length(max=MOST_POLICIES),
        metadata={
            "description": "the whole list as it would be, in its order; what is not in it would be gone",
            "example": [{"name": "VIP", "any_tags": ["vip"]}, {"id": "policy_urgent"}],
        },
    )
    limit = Count(
        1,
        MOST_TICKETS,
        load_default=MOST_TICKETS,
        metadata={"description": "how many open tickets are examined", "example": MOST_TICKETS},
    )
    cursor = Text(400, load_default=None, allow_none=True, metadata={"example": None})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> dict[str, Any]:
        """As `PolicyRehearsal.run` takes them."""
        return {"proposed": values.pop("policies"), **values}


class NamedPolicySchema(Schema):
    id = fields.String(
        allow_none=True, metadata={"description": "null of one that is not there yet", "example": None}
    )
    name = fields.String(metadata={"example": "VIP"})


class MoveSchema(Schema):
    ticket_id = fields.String()
    from_policy = fields.Nested(NamedPolicySchema, allow_none=True)
    to_policy = fields.Nested(NamedPolicySchema, allow_none=True)


class PolicyCountSchema(Schema):
    policy = fields.Nested(
        NamedPolicySchema, allow_none=True, metadata={"description": "null: under no policy"}
    )
    before = fields.Integer(metadata={"example": 12})
    after = fields.Integer(metadata={"example": 9})


class ToldDryRunSchema(Schema):
    moves = fields.List(fields.Nested(MoveSchema))
    counts = fields.List(fields.Nested(PolicyCountSchema))
    examined = fields.Integer(metadata={"description": "open tickets, the newest first", "example": 240})
    truncated = fields.Boolean(
        metadata={"description": "there are more open tickets; next_cursor examines them", "example": False}
    )
    next_cursor = fields.String(allow_none=True)


def _each_once(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: list(dict.fromkeys(value)) if isinstance(value, list) else value
        for name, value in values.items()
    }
