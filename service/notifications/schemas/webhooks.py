"""Webhook endpoints and their deliveries on the wire."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from service.http.fields import Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.notifications.models import URL_LENGTH, Disabled
from service.notifications.published import PATTERN, is_known
from service.notifications.services import EndpointChange, NewEndpoint
from service.outbox.models import State

MOST_EVENT_TYPES = 50
URL = {
    "example": "https://hooks.example.com/support",
    "description": "https, of the public internet, on port 443 or 8443, unless OUTBOUND_ALLOWED has it",
}
EVENT_TYPES = {
    "example": ["ticket.created", "sla.*"],
    "description": "names of event types, all that begin alike as ticket.*, or all as *; "
    "with @1 at the end, of that version alone",
}


class EventTypePattern(Text):
    def __init__(self, **options: Any) -> None:
        super().__init__(64, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        pattern = super()._deserialize(value, attr, data, **kwargs)
        if not PATTERN.fullmatch(pattern):
            raise ValidationError("Must be an event type such as ticket.created, ticket.*, * or sla.*@1.")
        if not is_known(pattern):
            raise ValidationError("There is no such event type, or it is told to nobody outside.")
        return pattern


def event_types(**options: Any) -> fields.List[str]:
    bounds = validate.Length(1, MOST_EVENT_TYPES, error="Must be 1 to {max} event types.")
    return fields.List(EventTypePattern(), validate=bounds, metadata=EVENT_TYPES, **options)


class NewWebhookSchema(Schema):
    url = Text(URL_LENGTH, required=True, metadata=URL)
    event_types = event_types(required=True)
    description = Text(200, load_default=None, allow_none=True, metadata={"example": "For the warehouse"})
    enabled = Flag(load_default=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewEndpoint:
        return NewEndpoint(**values | {"event_types": tuple(values["event_types"])})


class WebhookChangeSchema(Schema):
    url = Text(URL_LENGTH, metadata=URL)
    event_types = event_types()
    description = Text(200, allow_none=True, metadata={"example": "For the warehouse"})
    enabled = Flag(metadata={"description": "true brings one back that failed or was gone"})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> EndpointChange:
        return EndpointChange(values=values)


class RotationSchema(Schema):
    end_old = Flag(
        load_default=False,
        metadata={"description": "true: the old secret signs nothing more; else it does for 24 hours"},
    )


class WebhookSchema(Schema):
    id = fields.String(metadata={"example": "webhook_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    url = fields.String(metadata=URL)
    event_types = fields.List(fields.String(), metadata=EVENT_TYPES)
    description = fields.String(allow_none=True, metadata={"example": "For the warehouse"})
    enabled = fields.Boolean(metadata={"example": True})
    disabled_because = fields.String(
        allow_none=True,
        validate=validate.OneOf([*Disabled, None]),
        metadata={
            "example": None,
            "description": "gone: it answered 410; failing: nothing arrived for five days; by_hand",
        },
    )
    disabled_at = Rfc3339(allow_none=True)
    failing_since = Rfc3339(
        allow_none=True, metadata={"description": "of the first failure after the last success"}
    )
    created_by = fields.String(metadata={"example": "agent:agent_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    created_at = Rfc3339()
    updated_at = Rfc3339()


class ToldWebhookSchema(Schema):
    webhook = fields.Nested(WebhookSchema, attribute="endpoint")


class MadeWebhookSchema(ToldWebhookSchema):
    secret = fields.String(
        metadata={
            "description": "to verify signatures with; shown in this answer alone",
            "example": "whsec_…",
        }
    )


class RotatedWebhookSchema(MadeWebhookSchema):
    old_until = Rfc3339(
        allow_none=True, metadata={"description": "until when the old secret signs beside the new one"}
    )


class WebhookListSchema(Schema):
    webhooks = fields.List(fields.Nested(WebhookSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class WebhookQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class WebhookAttemptSchema(Schema):
    delivery_id = fields.String(
        attribute="attempt.delivery_id",
        metadata={"description": "the webhook-id of its header", "example": "dlv_4f0Qk2l1b8sVJ6Yz0mWc3A"},
    )
    event_type = fields.String(attribute="attempt.event_type", metadata={"example": "ticket.created"})
    ticket_id = fields.String(attribute="attempt.ticket_id", allow_none=True)
    attempt = fields.Integer(attribute="attempt.attempt", metadata={"example": 1})
    status = fields.Integer(
        attribute="attempt.status",
        allow_none=True,
        metadata={"description": "that was answered; null where no answer came", "example": 200},
    )
    reason = fields.String(
        attribute="attempt.reason",
        allow_none=True,
        metadata={"description": "why it failed; null where it arrived", "example": None},
    )
    duration_ms = fields.Integer(attribute="attempt.duration_ms", metadata={"example": 84})
    at = Rfc3339(attribute="attempt.at")
    state = fields.String(
        allow_none=True,
        validate=validate.OneOf([*State, None]),
        metadata={"description": "of the delivery by now; null where it is long past"},
    )
    next_attempt_at = Rfc3339(allow_none=True)


class WebhookDeliveryListSchema(Schema):
    deliveries = fields.List(fields.Nested(WebhookAttemptSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class SentWebhookSchema(Schema):
    event_type = fields.String(metadata={"example": "webhook.test"})


class ReplayedWebhookDeliverySchema(Schema):
    delivery_id = fields.String(attribute="id", metadata={"example": "dlv_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    state = fields.String(validate=validate.OneOf(State))
    next_attempt_at = Rfc3339()
