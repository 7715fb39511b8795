"""What is dumped by a plan is what marshmallow itself makes of the same schema."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from marshmallow import Schema

from providers.models import Archetype
from service.desk.schemas.inbox import InboxTicketSchema
from service.desk.schemas.pages import TicketPageSchema
from service.http.dumping import OfObjects
from service.intelligence.schemas import ArchetypeSchema
from service.tickets.models import Channel, Priority, TicketStatus
from service.tickets.schemas.conversations import MessageSchema, NoteSchema
from service.tickets.schemas.tickets import TicketSchema

AT = datetime(2026, 1, 31, 23, 59, 59, 999_999, tzinfo=UTC)
ELSEWHERE = AT.astimezone(timezone(timedelta(hours=-9, minutes=-30)))
TICKET = {
    "id": "ticket_1",
    "customer_id": "cust_1",
    "external_id": "e€",
    "subject": "Where?",
    "status": TicketStatus.OPEN,
    "priority": Priority.LOW,
    "channel": Channel.CHAT,
    "tags": ["b", "a"],
    "assigned_to": "agent_1",
    "team_id": "team_1",
    "queued": True,
    "custom_fields": {"size": 4, "none": None, "deep": {"a": [1, "b", True]}},
    "message_count": 7,
    "last_message_preview": "…",
    "last_message_at": ELSEWHERE,
    "last_message_from_agent": False,
    "first_response_at": AT,
    "resolved_at": AT,
    "closed_at": AT,
    "created_at": AT,
    "updated_at": ELSEWHERE,
}
MESSAGE = {
    "id": "msg_1",
    "ticket_id": "ticket_1",
    "from_agent": True,
    "content": "Hello",
    "author_name": "Ann",
    "author_email": "ann@example.com",
    "attachments": [
        {"name": "a.pdf", "url": "https://example.com/a", "content_type": None, "size_bytes": 3, "kept": 1}
    ],
    "created_at": AT,
    "edited_at": AT,
}
NOTE = dict.fromkeys(("id", "ticket_id", "content", "author_name", "author_id"), "n") | {"created_at": AT}


def emptied(schema: type[Schema], values: dict[str, Any]) -> dict[str, Any]:
    """With null where there may be null."""
    fields = schema().dump_fields
    return {name: None if fields[name].allow_none else value for name, value in values.items()}


FULL = [(TicketSchema, TICKET), (MessageSchema, MESSAGE), (NoteSchema, NOTE)]
OBJECTS = [(schema, SimpleNamespace(**told)) for schema, told in FULL]
OBJECTS += [(schema, SimpleNamespace(**emptied(schema, told))) for schema, told in FULL]
OBJECTS += [
    (MessageSchema, SimpleNamespace(**MESSAGE | {"attachments": None})),
    (ArchetypeSchema, Archetype(id=None, level=None)),
    (ArchetypeSchema, Archetype(id="a", level="L2", segments={"axis": "segment"})),
]


@pytest.mark.parametrize(("schema", "told"), OBJECTS)
def test_a_plan_makes_the_json_that_marshmallow_makes(schema: type[OfObjects], told: object) -> None:
    own = schema()
    by_plan = msgspec.json.encode(own.dump(told))
    assert by_plan == msgspec.json.encode(Schema._serialize(own, told))  # what the plan replaces
    assert msgspec.json.encode(own.dump([told, told], many=True)) == b"[" + by_plan + b"," + by_plan + b"]"


def ticket_and_beside(**beside: Any) -> SimpleNamespace:
    ticket = {name: value for name, value in TICKET.items() if name != "tags"}
    return SimpleNamespace(ticket=SimpleNamespace(**ticket), tags=TICKET["tags"], **beside)


def test_what_lies_apart_is_told_flat_and_every_field_of_the_document_is_told() -> None:
    customer = SimpleNamespace(name="Ann", known=None)
    row = ticket_and_beside(matches_topic_alert=True, smart_score=1.5, customer=customer)
    listed = InboxTicketSchema().dump(row)
    assert list(listed) == list(InboxTicketSchema().dump_fields)
    assert {name: listed[name] for name in ("id", "tags", "smart_score")} == {
        "id": "ticket_1",
        "tags": ["a", "b"],
        "smart_score": 1.5,
    }
    read = ticket_and_beside(
        messages=[SimpleNamespace(**MESSAGE)], notes=[SimpleNamespace(**NOTE)], messages_truncated=True
    )
    page = TicketPageSchema().dump(
        SimpleNamespace(read=read, customer=customer, customer_profile=None, sla=None, assignment=None)
    )
    assert list(page) == list(TicketPageSchema().dump_fields)
    assert (page["sla"], page["customer_profile"], page["customer"]["name"]) == (None, None, "Ann")
    assert [(one["id"], one["content"]) for one in (*page["messages"], *page["notes"])] == [
        ("msg_1", "Hello"),
        ("n", "n"),
    ]
