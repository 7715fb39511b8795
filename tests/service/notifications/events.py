"""Events as the feed tells them."""

from typing import Any

from service.feed.following import FedEvent
from service.outbox.channels import Delivery
from tests.service.persistence.rows import NOON


def fed(kind: str = "ticket.created", **fields: Any) -> FedEvent:
    defaults = {
        "position": 1,
        "id": 1,
        "version": 1,
        "subject_type": "ticket",
        "subject_id": "ticket_1",
        "ticket_id": "ticket_1",
        "actor": "key:web",
        "at": NOON,
        "before": None,
        "after": None,
    }
    return FedEvent(**defaults | {"type": kind} | fields)


def delivery(event: FedEvent | None = None, **fields: Any) -> Delivery:
    defaults = {"id": "dlv_1", "channel": "log", "target": "desk", "attempt": 1, "address": {}}
    return Delivery(**defaults | {"event": event or fed()} | fields)
