"""Webhooks that come in, and what they bring, on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from service.http.fields import Choice, Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.inbound.models import LONGEST_NAME
from service.inbound.services import Delivery, InboundMessage, SourceChange
from service.tickets.models import TicketStatus
from service.tickets.schemas.conversations import NewMessageSchema
from service.tickets.schemas.tickets import NewTicketSchema
from service.tickets.services import NewTicket

DAY_S = 86_400
LONGEST_OVERLAP_S = 7 * DAY_S
MOST_FIELDS = 100
EXTERNAL_ID = {"description": "the sender's own id: what is brought twice by it is made once"}

# ---------------------------------------------------------------- sources


class NewInboundWebhookSchema(Schema):
    name = Text(LONGEST_NAME, required=True, metadata={"example": "web shop"})


class InboundWebhookChangeSchema(Schema):
    name = Text(LONGEST_NAME, metadata={"example": "web shop, Europe"})
    active = Flag(metadata={"description": "false: what it sends is refused", "example": True})

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> SourceChange:
        return SourceChange(**values)


class InboundRotationSchema(Schema):
    overlap_s = Count(
        0,
        LONGEST_OVERLAP_S,
        load_default=DAY_S,
        metadata={"description": "seconds for which the secret before is good, too"},
    )


class InboundWebhookSchema(Schema):
    id = fields.String(metadata={"example": "inbound_Wc3A4f0Qk2l1b8sVJ6Yz0m"})
    name = fields.String(metadata={"example": "web shop"})
    active = fields.Boolean(metadata={"example": True})
    secret_version = fields.Integer(metadata={"description": "raised by each rotation", "example": 1})
    previous_until = Rfc3339(
        allow_none=True, metadata={"description": "until then the secret before is good, too"}
    )
    created_by = fields.String(metadata={"example": "agent:agent_4f0Qk2l1b8sVJ6Yz0mWc3A"})
    created_at = Rfc3339()
    updated_at = Rfc3339()
    last_used_at = Rfc3339(allow_none=True, metadata={"description": "to the minute"})


class ToldInboundWebhookSchema(Schema):
    webhook = fields.Nested(InboundWebhookSchema)


class MadeInboundWebhookSchema(ToldInboundWebhookSchema):
    secret = fields.String(
        metadata={
            "description": "for the sender, by Standard Webhooks; shown in this answer alone",
            "example": "whsec_…",
        }
    )


class InboundWebhookListSchema(Schema):
    webhooks = fields.List(fields.Nested(InboundWebhookSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class InboundWebhookQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


# ---------------------------------------------------------------- what they bring


class InboundTicketSchema(NewTicketSchema):
    """New, and nobody's: who has it is decided here."""

    class Meta:
        exclude = ("status", "assigned_to")

    external_id = Text(200, required=True, metadata=EXTERNAL_ID)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewTicket:
        new: NewTicket = super()._make({**values, "status": TicketStatus.OPEN, "assigned_to": None})
        return new


class InboundMessageSchema(NewMessageSchema):
    class Meta:
        exclude = ("send_to_customer", "close_ticket", "draft_id")

    external_id = Text(200, required=True, metadata=EXTERNAL_ID)
    ticket_external_id = Text(200, required=True)
    from_agent = Flag(load_default=False)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> InboundMessage:
        ids = {name: values.pop(name) for name in ("external_id", "ticket_external_id")}
        return InboundMessage(new=super()._make(values), **ids)


BROUGHT: Mapping[str, Schema] = {
    "ticket.created": InboundTicketSchema(),
    "message.added": InboundMessageSchema(),
}

EXAMPLE = {
    "external_id": "shop-4711",
    "customer_id": "cust_123",
    "subject": "My parcel never arrived",
    "initial_message": "Where is my order?",
}


class InboundDeliverySchema(Schema):
    type = Choice(*BROUGHT, required=True, metadata={"example": "ticket.created"})
    timestamp = Rfc3339(
        load_default=None,
        allow_none=True,
        metadata={"description": "when it happened, as the specification has it; not read"},
    )
    data = fields.Dict(
        required=True,
        metadata={
            "description": "of ticket.created: as POST /api/tickets takes it, with `external_id`, without "
            "`status` and `assigned_to`; of message.added: `ticket_external_id`, `external_id`, `content`, "
            "`from_agent` (false), `author_name`, `author_email`, `attachments`",
            "example": EXAMPLE,
        },
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> Delivery:
        told = values["data"]
        if len(told) > MOST_FIELDS:
            raise ValidationError({"data": [f"Has {len(told):,} fields; no type takes so many."]})
        try:
            brought = BROUGHT[values["type"]].load(told)
        except ValidationError as error:
            raise ValidationError({"data": error.messages}) from error
        return Delivery(type=values["type"], brought=brought)


class InboundDeliveredSchema(Schema):
    type = fields.String(metadata={"example": "ticket.created"})
    result = fields.String(
        metadata={
            "description": "`created`, or `unchanged` where it was there already",
            "example": "created",
        }
    )
    ticket_id = fields.String(metadata={"example": "ticket_123"})
    message_id = fields.String(allow_none=True, metadata={"example": None})
