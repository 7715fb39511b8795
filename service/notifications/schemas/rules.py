"""Rules of who hears of what, on the wire."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.http.fields import Choice, Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.notifications.models import Occasion
from service.notifications.services import NewRule, RuleChange

MOST_RECIPIENTS = 20
MOST_CHANNELS = 10
RECIPIENT = re.compile(r"assignee|team_lead|managers|agent:[A-Za-z0-9_-]{1,64}", re.ASCII)
CHANNEL = re.compile(r"email|log|slack:[a-z0-9_-]{1,40}", re.ASCII)
RECIPIENTS = {"example": ["assignee"], "description": "assignee, team_lead, managers or agent:<id>"}
CHANNELS = {
    "example": ["email"],
    "description": "email, log or slack:<name>; one that is not among NOTIFICATION_CHANNELS tells nobody",
}
CALENDAR = {"example": None, "description": "in whose working hours it is told; null: at once"}
NAME = {"example": "A promise was broken"}


class OneLike(Text):
    """Text of a pattern; `wrong` says which."""

    def __init__(self, pattern: re.Pattern[str], wrong: str, **options: Any) -> None:
        super().__init__(80, **options)
        self._pattern = pattern
        self._wrong = wrong

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self._pattern.fullmatch(text):
            raise ValidationError(self._wrong)
        return text


def recipients(**options: Any) -> fields.List[str]:
    one = OneLike(RECIPIENT, "Must be assignee, team_lead, managers or agent:<id>.")
    bounds = validate.Length(1, MOST_RECIPIENTS, error="Must be 1 to {max} recipients.")
    return fields.List(one, validate=bounds, metadata=RECIPIENTS, **options)


def channels(**options: Any) -> fields.List[str]:
    one = OneLike(CHANNEL, "Must be email, log or slack:<name>.")
    bounds = validate.Length(1, MOST_CHANNELS, error="Must be 1 to {max} channels.")
    return fields.List(one, validate=bounds, metadata=CHANNELS, **options)


class NewRuleSchema(Schema):
    name = Text(200, required=True, metadata=NAME)
    occasion = Choice(*Occasion, required=True)
    recipients = recipients(load_default=lambda: ["assignee"])
    channels = channels(required=True)
    calendar_id = Text(64, load_default=None, allow_none=True, metadata=CALENDAR)
    enabled = Flag(load_default=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewRule:
        return NewRule(
            name=values["name"],
            occasion=Occasion(values["occasion"]),
            recipients=tuple(values["recipients"]),
            channels=tuple(values["channels"]),
            calendar_id=values["calendar_id"],
            enabled=values["enabled"],
        )


class RuleChangeSchema(Schema):
    name = Text(200, metadata=NAME)
    occasion = Choice(*Occasion)
    recipients = recipients()
    channels = channels()
    calendar_id = Text(64, allow_none=True, metadata=CALENDAR)
    enabled = Flag()

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> RuleChange:
        if "occasion" in values:
            values["occasion"] = Occasion(values["occasion"])
        return RuleChange(values=values)


class RuleSchema(Schema):
    id = fields.String(metadata={"example": "rule_sla_breached"})
    name = fields.String(metadata=NAME)
    occasion = fields.String(validate=validate.OneOf(Occasion))
    recipients = fields.List(fields.String(), metadata=RECIPIENTS)
    channels = fields.List(fields.String(), metadata=CHANNELS)
    calendar_id = fields.String(allow_none=True, metadata=CALENDAR)
    enabled = fields.Boolean(metadata={"example": True})
    created_at = Rfc3339()
    updated_at = Rfc3339()


class ToldRuleSchema(Schema):
    rule = fields.Nested(RuleSchema)


class RuleListSchema(Schema):
    rules = fields.List(fields.Nested(RuleSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class RuleQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)
