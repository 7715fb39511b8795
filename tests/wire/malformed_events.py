"""What hostile clients send to `/api/events`, `/api/inbound` and `/api/admin/inbound-webhooks`."""

from collections.abc import Iterator

from tests.wire.malformed import (
    BAD_CURSORS,
    BAD_FLAG,
    BAD_TEXT,
    BAD_WHOLE,
    LIST_QUERIES,
    NOT_TEXT,
    Endpoint,
)

BAD_POSITION = tuple(value for value in BAD_WHOLE if value != "0")
BAD_TYPES = (
    "",
    "%00",
    "ticket",
    "ticket.created;message.added",
    "ticket.created,",
    "%2A",
    "x" * 2_001,
    "[]",
    "%F0%9F%93%A6",
    "a" * 65,
    "ticket.created|message.added",
)
BAD_NAME = (*BAD_TEXT, None, "x" * 81)
BAD_OVERLAP = (*(value for value in NOT_TEXT if value != 1), -1, 604_801, "soon", None, "")


def of_events() -> Iterator[Endpoint]:
    yield Endpoint(
        name="list_events",
        method="GET",
        target="/api/events",
        queries={
            "after": (*BAD_POSITION, "9007199254740991"),
            "limit": (*BAD_WHOLE, "501"),
            "types": BAD_TYPES,
            "wait_s": (*BAD_POSITION, "26"),
        },
    )
    yield Endpoint(
        name="stream_events",
        method="GET",
        target="/api/events/stream",
        queries={
            "ticket": ("", "%00", "%20", "a%00b", "x" * 1_001, "x" * 9_000, "%09"),
            "last_event_id": BAD_POSITION,
            "types": BAD_TYPES,
        },
    )
    yield Endpoint(
        name="receive_webhook",
        method="POST",
        target="/api/inbound/inbound_none",
        id_in_path="inbound_none",
        bodyless=True,  # which nobody reads, since nobody has signed it
    )
    yield Endpoint(
        name="list_inbound_webhooks",
        method="GET",
        target="/api/admin/inbound-webhooks",
        queries={"page": LIST_QUERIES["page"], "limit": LIST_QUERIES["limit"], "cursor": BAD_CURSORS},
    )
    yield Endpoint(
        name="create_inbound_webhook",
        method="POST",
        target="/api/admin/inbound-webhooks",
        sound={"name": "shop"},
        wrong={"name": BAD_NAME},
    )
    one = {"target": "/api/admin/inbound-webhooks/inbound_none", "id_in_path": "inbound_none"}
    yield Endpoint(name="read_inbound_webhook", method="GET", **one)
    yield Endpoint(name="delete_inbound_webhook", method="DELETE", bodyless=True, **one)
    yield Endpoint(
        name="change_inbound_webhook",
        method="PATCH",
        wrong={"name": BAD_NAME, "active": (*BAD_FLAG, None)},
        **one,
    )
    yield Endpoint(
        name="rotate_inbound_webhook",
        method="POST",
        target="/api/admin/inbound-webhooks/inbound_none/rotate",
        id_in_path="inbound_none",
        wrong={"overlap_s": BAD_OVERLAP},
    )
