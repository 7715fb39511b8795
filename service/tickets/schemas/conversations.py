"""Messages and notes on the wire."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from service.http.dumping import OfObjects, Rows
from service.http.fields import CallerId, Choice, Count, Flag, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.tickets.schemas.tickets import OUR_ID_LENGTH, PersonFields, TicketSchema
from service.tickets.services import NewMessage, NewNote

LONGEST_MESSAGE = 100_000
MOST_ATTACHMENTS = 20
BESIDE_THE_TICKET = frozenset({"tags", "messages", "messages_truncated", "notes"})


class AttachmentSchema(Schema):
    """Something that lies elsewhere; the desk never fetches it."""

    name = Text(255, required=True, metadata={"example": "invoice.pdf"})
    url = Text(
        2_000,
        required=True,
        validate=validate.URL(
            schemes={"http", "https"}, require_tld=False, error="Must be an http or https address."
        ),
        metadata={"example": "https://files.example.com/invoice.pdf", "format": "uri"},
    )
    content_type = Text(255, load_default=None, allow_none=True, metadata={"example": "application/pdf"})
    size_bytes = Count(0, load_default=None, allow_none=True, metadata={"example": 20480})


class NewMessageSchema(PersonFields):
    content = Text(
        LONGEST_MESSAGE, required=True, metadata={"example": "I am sorry about that. Let me look into it."}
    )
    from_agent = Flag(load_default=True)
    send_to_customer = Flag(
        load_default=False, metadata={"description": "Recorded as an event; nothing is sent from here."}
    )
    close_ticket = Flag(load_default=False)
    draft_id = CallerId(load_default=None, allow_none=True, validate=validate.Length(max=OUR_ID_LENGTH))
    attachments = fields.List(
        fields.Nested(AttachmentSchema), load_default=list, validate=validate.Length(max=MOST_ATTACHMENTS)
    )

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewMessage:
        return NewMessage(author=self.take_author(values), **values)


class EditSchema(Schema):
    content = Text(LONGEST_MESSAGE, required=True)


class NewNoteSchema(Schema):
    content = Text(
        LONGEST_MESSAGE, required=True, metadata={"example": "Called the carrier: it is on its way."}
    )
    author_name = Text(200, load_default=None, allow_none=True)
    author_id = Text(200, load_default=None, allow_none=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> NewNote:
        return NewNote(**values)


class Attachments(fields.List[dict[str, Any]]):
    """None told as an empty list."""

    def __init__(self, **options: Any) -> None:
        super().__init__(fields.Nested(AttachmentSchema), **options)

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        return super()._serialize(value or [], attr, obj, **kwargs)


class MessageSchema(OfObjects):
    id = fields.String()
    ticket_id = fields.String()
    from_agent = fields.Boolean()
    content = fields.String()
    author_name = fields.String(allow_none=True)
    author_email = fields.String(allow_none=True)
    attachments = Attachments()
    created_at = Rfc3339()
    edited_at = Rfc3339(allow_none=True)


class NoteSchema(OfObjects):
    id = fields.String()
    ticket_id = fields.String()
    content = fields.String()
    author_name = fields.String(allow_none=True)
    author_id = fields.String(allow_none=True)
    created_at = Rfc3339()


class CreatedTicketSchema(Schema):
    id = fields.String(attribute="ticket.id")
    status = fields.Constant("created", metadata={"type": "string"})
    ticket = fields.Nested(TicketSchema)
    messages = Rows(MessageSchema)
    notes = Rows(NoteSchema)


class ConversationSchema(TicketSchema):
    """Of a `ReadTicket`."""

    messages = Rows(MessageSchema)
    messages_truncated = fields.Boolean()
    notes = Rows(NoteSchema)

    def place(self, attribute: str) -> str:
        """The ticket's fields stand flat beside its tags, messages and notes."""
        return attribute if attribute in BESIDE_THE_TICKET else f"ticket.{attribute}"


class AddedMessageSchema(Schema):
    message = fields.Nested(MessageSchema)
    ticket_updated = fields.Nested(TicketSchema, attribute="ticket")


class AddedNoteSchema(Schema):
    note = fields.Nested(NoteSchema)


class ResetSchema(Schema):
    status = fields.String(metadata={"example": "reset"})
    messages_deleted = fields.Integer(metadata={"example": 4})


class NoteQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)


class MessageQuerySchema(NoteQuerySchema):
    order = Choice("asc", "desc", load_default="asc")


class MessageListSchema(Schema):
    messages = fields.List(fields.Nested(MessageSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)


class NoteListSchema(Schema):
    notes = fields.List(fields.Nested(NoteSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
