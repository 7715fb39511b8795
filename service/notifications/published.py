"""What receivers of webhooks are told of an event: ids and what changed, nothing of any person."""

import re
from collections.abc import Iterable

import msgspec

from service import events
from service.clock import rfc3339
from service.feed.following import FedEvent
from service.feed.outsiders import told_outside

TEST = "webhook.test"
PUBLISHED = frozenset(
    {
        *("agent", "conversation", "customer", "draft", "message", "note", "order", "provider"),
        *("recommendation", "sla", "team", "ticket", "ticket_field"),
    }
)
"""How the names of event types begin. Who signs in, who was denied and which keys there are stays inside."""

PATTERN = re.compile(r"(?:\*|[a-z_]{1,30}\.(?:\*|[a-z_]{1,30}))(?:@[0-9]{1,4})?", re.ASCII)
"""A name, all that begin alike, or all; with a version, of that alone."""

KNOWN = frozenset(
    kind.name
    for kind in vars(events).values()
    if isinstance(kind, events.EventType) and kind.name.partition(".")[0] in PUBLISHED
)


def is_known(pattern: str) -> bool:
    """Whether some event may ever match it."""
    name = pattern.partition("@")[0]
    return name == "*" or name in KNOWN or (name.endswith(".*") and name.removesuffix(".*") in PUBLISHED)


def is_published(event: FedEvent) -> bool:
    return event.type.partition(".")[0] in PUBLISHED


def is_wanted(event: FedEvent, patterns: Iterable[str]) -> bool:
    """By the event types of an endpoint. A test is for the one that it is about, and asks nobody."""
    return is_published(event) and any(_matches(event, pattern) for pattern in patterns)


def _matches(event: FedEvent, pattern: str) -> bool:
    name, _, version = pattern.partition("@")
    if version and int(version) != event.version:
        return False
    return name in {"*", event.type, f"{event.type.partition('.')[0]}.*"}


def body_of(event: FedEvent) -> bytes:
    """JSON, the same at each attempt."""
    told = told_outside(event)
    body = {
        "type": told.type,
        "timestamp": rfc3339(told.at),
        "data": {
            "version": told.version,
            "position": told.position,
            "subject": {"type": told.subject_type, "id": told.subject_id},
            "ticket_id": told.ticket_id,
            "actor": told.actor,
            "before": told.before,
            "after": told.after,
        },
    }
    return msgspec.json.encode(body)
