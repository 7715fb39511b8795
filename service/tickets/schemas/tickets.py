"""Tickets on the wire."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, post_load, pre_load, validate

from service.customers.services import Person
from service.http.dumping import OfObjects
from service.http.fields import CallerId, Choice, Count, Rfc3339, Text
from service.http.pagination import MAX_LIMIT, PaginationSchema
from service.tickets.models import Channel, Priority, TicketStatus
from service.tickets.services import NewTicket, TicketChange
from service.tickets.services.tickets import MAX_TAGS

OUR_ID_LENGTH = 64
MAX_CUSTOM_FIELDS = 100
IN_PROGRESS = "in_progress"
"""A status of older clients: open."""


class PersonFields(Schema):
    author_name = Text(200, load_default=None, allow_none=True)
    author_email = Text(
        320, load_default=None, allow_none=True, validate=validate.Email(), metadata={"format": "email"}
    )

    @staticmethod
    def take_author(values: dict[str, Any]) -> Person:
        return Person(values.pop("author_name"), values.pop("author_email"))


class OlderStatuses(Schema):
    @pre_load
    def _in_progress_means_open(self, body: Any, **_: Any) -> Any:
        if isinstance(body, Mapping) and body.get("status") == IN_PROGRESS:
            return {**body, "status": TicketStatus.OPEN}
        return body


class CustomFieldValues(fields.Dict):
    """Key → value, by the definitions at /api/ticket-fields; null takes a value away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            keys=Text(64),
            values=fields.Raw(allow_none=True),
            load_default=dict,
            validate=validate.Length(max=MAX_CUSTOM_FIELDS),
            metadata={
                "description": "key → value, as defined at /api/ticket-fields; null takes a value away",
                "example": {},
            },
            **options,
        )


def tag_list(**options: Any) -> fields.List[str]:
    return fields.List(Text(100), validate=validate.Length(max=MAX_TAGS), **options)


class NewTicketSchema(PersonFields, OlderStatuses):
    customer_id = CallerId(required=True, metadata={"example": "cust_123"})
    subject = Text(500, required=True, metadata={"example": "My parcel never arrived"})
    channel = Choice(*Channel, load_default=Channel.EMAIL)
    priority = Choice(*Priority, load_default=Priority.NORMAL)
    status = Choice(*TicketStatus, IN_PROGRESS, load_default=TicketStatus.OPEN)
    tags = tag_list(load_default=list)
    assigned_to = Text(200, load_default=None, allow_none=True)
    team_id = Text(
        OUR_ID_LENGTH, load_default=None, allow_none=True, metadata={"description": "of /api/teams"}
    )
    external_id = Text(200, load_default=None, allow_none=True)
    custom_fields = CustomFieldValues()
    initial_message = Text(
        100_000, load_default=None, allow_none=True, metadata={"example": "Where is my order?"}
    )

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
            assigned_to=values["assigned_to"],
            team_id=values["team_id"],
            external_id=values["external_id"],
            custom_fields=values["custom_fields"],
            initial_message=values["initial_message"],
            author=author,
        )


class TicketChangeSchema(OlderStatuses):
    status = Choice(*TicketStatus, IN_PROGRESS)
    priority = Choice(*Priority)
    subject = Text(500)
    assigned_to = Text(
        200, allow_none=True, metadata={"description": "an agent's id; anything else is kept as a label"}
    )
    team_id = Text(
        OUR_ID_LENGTH, allow_none=True, metadata={"description": "of /api/teams; null: its assignee's teams"}
    )
    external_id = Text(200, allow_none=True)
    tags = tag_list(
        load_default=None, allow_none=False, metadata={"description": "in place of all that the ticket has"}
    )
    add_tags = tag_list(load_default=list)
    remove_tags = tag_list(load_default=list)
    custom_fields = CustomFieldValues()

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> TicketChange:
        tags = values.pop("tags")
        add, remove = frozenset(values.pop("add_tags")), frozenset(values.pop("remove_tags"))
        custom_fields = values.pop("custom_fields")
        kinds = {"status": TicketStatus, "priority": Priority}
        return TicketChange(
            values={name: kinds[name](value) if name in kinds else value for name, value in values.items()},
            tags=None if tags is None else frozenset(tags),
            add_tags=add,
            remove_tags=remove,
            custom_fields=custom_fields,
        )


class Tags(fields.List[str]):
    """In alphabetical order."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> list[Any] | None:
        return sorted(value)


class TicketSchema(OfObjects):
    id = fields.String(metadata={"example": "ticket_123"})
    customer_id = fields.String(metadata={"example": "cust_123"})
    external_id = fields.String(allow_none=True)
    subject = fields.String()
    status = fields.String(validate=validate.OneOf(TicketStatus))
    priority = fields.String(validate=validate.OneOf(Priority))
    channel = fields.String(validate=validate.OneOf(Channel))
    tags = Tags(fields.String())
    assigned_to = fields.String(allow_none=True)
    team_id = fields.String(allow_none=True)
    queued = fields.Boolean(metadata={"description": "whether it waits to be handed out to an agent"})
    custom_fields = fields.Dict(metadata={"example": {}})
    message_count = fields.Integer()
    last_message_preview = fields.String(allow_none=True)
    last_message_at = Rfc3339(allow_none=True)
    last_message_from_agent = fields.Boolean(allow_none=True)
    first_response_at = Rfc3339(allow_none=True)
    resolved_at = Rfc3339(allow_none=True)
    closed_at = Rfc3339(allow_none=True)
    created_at = Rfc3339()
    updated_at = Rfc3339()


class ChangedTicketSchema(Schema):
    ticket = fields.Nested(TicketSchema)


class TicketEventSchema(Schema):
    id = fields.String(metadata={"example": "204"})
    type = fields.String(metadata={"example": "ticket.updated"})
    at = Rfc3339()
    actor = fields.String(metadata={"example": "web", "description": "the caller's id"})
    before = fields.Dict(allow_none=True, metadata={"example": {"status": "open"}})
    after = fields.Dict(allow_none=True, metadata={"example": {"status": "closed"}})


class TicketEventQuerySchema(Schema):
    page = Count(1, load_default=None)
    limit = Count(1, MAX_LIMIT, load_default=None)
    cursor = Text(400, load_default=None)
    order = Choice("asc", "desc", load_default="desc")


class TicketEventListSchema(Schema):
    events = fields.List(fields.Nested(TicketEventSchema), attribute="rows")
    pagination = fields.Nested(PaginationSchema)
