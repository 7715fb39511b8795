"""Tickets and messages on the wire."""

from typing import Any

from marshmallow import Schema, fields, post_load, pre_load, validate

from service.customers.services import Person
from service.http.fields import CallerId, Choice, Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.tickets.models import Channel, Priority, TicketStatus
from service.tickets.services import Conversation, NewMessage, NewTicket

MAX_TAGS = 50
OUR_ID_LENGTH = 64
IN_PROGRESS = "in_progress"
"""A status of older clients: open."""


class PersonFields(Schema):
    author_name = Text(200, load_default=None, allow_none=True)
    author_email = Text(320, load_default=None, allow_none=True, validate=validate.Email())

    @staticmethod
    def take_author(values: dict[str, Any]) -> Person:
        return Person(values.pop("author_name"), values.pop("author_email"))


class NewTicketSchema(PersonFields):
    customer_id = CallerId(required=True, metadata={"example": "cust_123"})
    subject = Text(500, required=True, metadata={"example": "My parcel never arrived"})
    channel = Choice(*Channel, load_default=Channel.EMAIL)
    priority = Choice(*Priority, load_default=Priority.NORMAL)
    status = Choice(*TicketStatus, IN_PROGRESS, load_default=TicketStatus.OPEN)
    tags = fields.List(Text(100), load_default=list, validate=validate.Length(max=MAX_TAGS))
    initial_message = Text(
        100_000, load_default=None, allow_none=True, metadata={"example": "Where is my order?"}
    )

    @pre_load
    def _in_progress_means_open(self, body: Any, **_: Any) -> Any:
        if isinstance(body, dict) and body.get("status") == IN_PROGRESS:
            return {**body, "status": TicketStatus.OPEN}
        return body

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewTicket:
        author = self.take_author(values)
        return NewTicket(
            customer_id=values["customer_id"],
            subject=values["subject"],
            channel=Channel(values["channel"]),
            priority=Priority(values["priority"]),
            status=TicketStatus(values["status"]),
            tags=frozenset(values["tags"]),
            initial_message=values["initial_message"],
            author=author,
        )


class NewMessageSchema(PersonFields):
    content = Text(
        100_000, required=True, metadata={"example": "I am sorry about that. Let me look into it."}
    )
    from_agent = Flag(load_default=True)
    send_to_customer = Flag(
        load_default=False, metadata={"description": "Recorded as an event; nothing is sent from here."}
    )
    close_ticket = Flag(load_default=False)
    draft_id = CallerId(load_default=None, allow_none=True, validate=validate.Length(max=OUR_ID_LENGTH))

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewMessage:
        return NewMessage(author=self.take_author(values), **values)


class Tags(fields.List[str]):
    """In alphabetical order."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        return super()._serialize(sorted(value), attr, obj, **kwargs)


class MessageSchema(Schema):
    id = fields.String()
    ticket_id = fields.String()
    from_agent = fields.Boolean()
    content = fields.String()
    author_name = fields.String(allow_none=True)
    author_email = fields.String(allow_none=True)
    created_at = Rfc3339()


class TicketSchema(Schema):
    id = fields.String(metadata={"example": "ticket_123"})
    customer_id = fields.String(metadata={"example": "cust_123"})
    external_id = fields.String(allow_none=True)
    subject = fields.String()
    status = fields.String(validate=validate.OneOf(TicketStatus))
    priority = fields.String(validate=validate.OneOf(Priority))
    channel = fields.String(validate=validate.OneOf(Channel))
    tags = Tags(fields.String())
    assigned_to = fields.String(allow_none=True)
    message_count = fields.Integer()
    last_message_preview = fields.String(allow_none=True)
    last_message_at = Rfc3339(allow_none=True)
    last_message_from_agent = fields.Boolean(allow_none=True)
    first_response_at = Rfc3339(allow_none=True)
    resolved_at = Rfc3339(allow_none=True)
    closed_at = Rfc3339(allow_none=True)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class CreatedTicketSchema(Schema):
    id = fields.String(attribute="ticket.id")
    status = fields.Constant("created", metadata={"type": "string"})
    ticket = fields.Nested(TicketSchema)
    messages = fields.List(fields.Nested(MessageSchema))
    notes = fields.Constant[list[Any]]([], metadata={"type": "array", "items": {}})


class ConversationSchema(TicketSchema):
    messages = fields.List(fields.Nested(MessageSchema))
    messages_truncated = fields.Boolean()
    notes = fields.Constant[list[Any]]([], metadata={"type": "array", "items": {}})

    def get_attribute(self, conversation: Conversation, attr: str, default: Any) -> Any:
        """The ticket's fields stand flat beside its messages."""
        source = conversation if attr.startswith("messages") else conversation.ticket
        return super().get_attribute(source, attr, default)


class AddedMessageSchema(Schema):
    message = fields.Nested(MessageSchema)
    ticket_updated = fields.Nested(TicketSchema)


class TicketQuerySchema(Schema):
    status = Choice(*TicketStatus, load_default=None, metadata={"description": "in_progress means open"})
    priority = Choice(*Priority, load_default=None)
    channel = Choice(*Channel, load_default=None)
    assigned_to = Text(200, load_default=None)
    customer_id = CallerId(load_default=None)
    tag = Text(100, load_default=None)
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)
    sort = Choice("created_at", load_default="created_at")
    order = Choice("asc", "desc", load_default="desc")

    @pre_load
    def _in_progress_means_open(self, query: Any, **_: Any) -> Any:
        return {**query, "status": TicketStatus.OPEN} if query.get("status") == IN_PROGRESS else query


class TicketListSchema(Schema):
    tickets = fields.List(fields.Nested(TicketSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
