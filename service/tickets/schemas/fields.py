"""Custom fields on the wire."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.http.fields import Choice, Rfc3339, Text
from service.tickets.models import FieldType
from service.tickets.services import FieldChange, NewField

MOST_CHOICES = 200
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
KEY_CURE = "Must be 1 to 64 of a-z, 0-9 and _, the first one a letter."


def _is_key(value: str) -> bool:
    if not KEY.fullmatch(value):
        raise ValidationError(KEY_CURE)
    return True


class Choices(fields.List[str]):
    def __init__(self, **options: Any) -> None:
        super().__init__(Text(200), validate=validate.Length(1, MOST_CHOICES), **options)


class NewTicketFieldSchema(Schema):
    key = Text(
        64,
        required=True,
        validate=_is_key,
        metadata={"example": "order_number", "pattern": f"^{KEY.pattern}$"},
    )
    label = Text(200, required=True, metadata={"example": "Order number"})
    type = Choice(*FieldType, required=True)
    choices = Choices(load_default=None, allow_none=True, metadata={"description": "where type is choice"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewField:
        choices = values["choices"]
        return NewField(
            key=values["key"],
            label=values["label"],
            type=FieldType(values["type"]),
            choices=tuple(choices) if choices else None,
        )


class FieldChangeSchema(Schema):
    label = Text(200, load_default=None, allow_none=False, metadata={"example": "Order number"})
    choices = Choices(load_default=None, allow_none=False)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> FieldChange:
        choices = values["choices"]
        return FieldChange(label=values["label"], choices=tuple(choices) if choices else None)


class TicketFieldSchema(Schema):
    key = fields.String(metadata={"example": "order_number"})
    label = fields.String(metadata={"example": "Order number"})
    type = fields.String(validate=validate.OneOf(FieldType))
    choices = fields.List(fields.String(), allow_none=True)
    archived_at = Rfc3339(allow_none=True)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class TicketFieldListSchema(Schema):
    fields_ = fields.List(fields.Nested(TicketFieldSchema), data_key="fields", attribute="fields")


class ToldTicketFieldSchema(Schema):
    field = fields.Nested(TicketFieldSchema)
