"""The outbox on the wire."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from service.http.fields import Choice, Count, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.outbox.models import CHANNEL_LENGTH, State
from service.outbox.services import OutboxFilter


class OutboxQuerySchema(Schema):
    state = Choice(*State, load_default=None)
    channel = Text(CHANNEL_LENGTH, load_default=None, metadata={"example": "webhook"})
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Any:
        asked = {name: values.pop(name) for name in ("page", "limit", "cursor")}
        state = values.pop("state")
        return OutboxFilter(state=State(state) if state else None, **values), asked


class DeliverySchema(Schema):
    id = fields.String(attribute="entry.id", metadata={"example": "dlv_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    position = fields.Integer(
        attribute="entry.position", metadata={"description": "of the event in the feed", "example": 1204}
    )
    event_type = fields.String(allow_none=True, metadata={"example": "ticket.created"})
    ticket_id = fields.String(attribute="entry.ticket_id", allow_none=True)
    channel = fields.String(attribute="entry.channel", metadata={"example": "webhook"})
    target = fields.String(attribute="entry.target", metadata={"example": "endpoint_7kGm2QpX"})
    state = fields.String(attribute="entry.state", validate=validate.OneOf(State))
    attempts = fields.Integer(attribute="entry.attempts", metadata={"example": 3})
    not_before = Rfc3339(attribute="entry.not_before", allow_none=True)
    next_attempt_at = Rfc3339(allow_none=True, metadata={"description": "of one that is pending"})
    leased_until = Rfc3339(
        attribute="entry.leased_until",
        allow_none=True,
        metadata={"description": "some process delivers it now, or has died with it"},
    )
    last_error = fields.String(
        attribute="entry.last_error", allow_none=True, metadata={"example": "status_503"}
    )
    created_at = Rfc3339(attribute="entry.created_at")
    ended_at = Rfc3339(attribute="entry.ended_at", allow_none=True)


class OutboxListSchema(Schema):
    deliveries = fields.List(fields.Nested(DeliverySchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class ToldDeliverySchema(Schema):
    delivery = fields.Nested(DeliverySchema)


class DeadLettersSchema(Schema):
    channel = Text(
        CHANNEL_LENGTH,
        load_default=None,
        allow_none=True,
        metadata={"description": "of this channel alone", "example": None},
    )


class ReplayedSchema(Schema):
    replayed = fields.Integer(metadata={"example": 12})
    remaining = fields.Boolean(metadata={"description": "there are more: call again", "example": False})
