"""Events on the wire: the same in a list and in a stream."""

from typing import Any

from marshmallow import Schema, ValidationError, fields

from service.http.dumping import OfObjects, Rows
from service.http.fields import Count, Rfc3339, Text, telling
from service.streams.stream_tickets import LIFETIME, LONGEST
from service.streams.viewing import KNOWN_TYPES

MOST_EVENTS = 500
LONGEST_WAIT_S = 25
LONGEST_TYPES = 2_000
POSITION = {"description": "in the sequence of all events: 1, 2, 3 …", "example": 4711}


class EventTypes(Text):
    """Names of event types, comma-separated; as a set."""

    def __init__(self, **options: Any) -> None:
        super().__init__(LONGEST_TYPES, **telling(options, example="ticket.created,message.added"))

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if len(text) > LONGEST_TYPES:
            return text  # which the field's bounds refuse
        names = frozenset(name.strip() for name in text.split(","))
        unknown = sorted(names - KNOWN_TYPES.keys())
        if unknown:
            raise ValidationError(f"There is no event type {unknown[0][:64]!r}; separate types by commas.")
        return names


class EventQuerySchema(Schema):
    after = Count(
        0,
        load_default=None,
        metadata={"description": "where to go on behind: `last` of the answer before; left out: from now"},
    )
    limit = Count(1, MOST_EVENTS, load_default=100)
    types = EventTypes(load_default=None)
    wait_s = Count(
        0,
        LONGEST_WAIT_S,
        load_default=0,
        metadata={"description": "seconds to wait for an event where there is none yet"},
    )


class StreamQuerySchema(Schema):
    ticket = Text(
        LONGEST, required=True, metadata={"description": "of POST /api/events/tickets; good for one stream"}
    )
    types = EventTypes(load_default=None)
    last_event_id = Count(
        0,
        load_default=None,
        metadata={"description": "the position behind which to go on, for a client that can send no header"},
    )


class StreamHeadersSchema(Schema):
    last_event_id = Count(
        0,
        data_key="Last-Event-ID",
        load_default=None,
        metadata={"description": "the id of the last event that came; goes before the parameter"},
    )


class Number(fields.String):
    """A number of ours that clients keep as text."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)


class EventSchema(OfObjects):
    position = fields.Integer(metadata=POSITION)
    id = Number(metadata={"example": "5012"})
    type = fields.String(metadata={"example": "ticket.updated"})
    version = fields.Integer(
        metadata={"description": "of the type: raised when its fields change meaning", "example": 1}
    )
    subject_type = fields.String(metadata={"example": "ticket"})
    subject_id = fields.String(metadata={"example": "ticket_123"})
    ticket_id = fields.String(allow_none=True, metadata={"example": "ticket_123"})
    actor = fields.String(
        metadata={
            "description": "`agent:<id>`, `key:<id>`, `webhook:<id>`, or a kind alone: `import`, `cli`, "
            "`service`, `anonymous`, …",
            "example": "agent:agent_4f0Qk2l1b8sVJ6Yz0mWc3A",
        }
    )
    at = Rfc3339()
    before = fields.Dict(
        allow_none=True,
        metadata={
            "description": "the fields that changed, but for personal ones; `assigned_to` is null where "
            "it is no agent's id",
            "example": {"status": "open"},
        },
    )
    after = fields.Dict(allow_none=True, metadata={"example": {"status": "pending"}})


class EventListSchema(Schema):
    events = Rows(EventSchema)
    last = fields.Integer(
        metadata={
            "description": "the position behind which to go on; what lies before it is done",
            "example": 4711,
        }
    )
    has_more = fields.Boolean(
        metadata={
            "description": "whether to ask again at once, even where this answer is empty",
            "example": False,
        }
    )


class StreamTicketSchema(Schema):
    ticket = fields.String(
        metadata={
            "description": "for GET /api/events/stream, once",
            "example": "eyJhbGciOiJIUzI1NiIsInR5cCI6InN0cmVhbS10aWNrZXQrand0In0…",
        }
    )
    expires_in = fields.Integer(metadata={"description": "seconds", "example": int(LIFETIME.total_seconds())})
