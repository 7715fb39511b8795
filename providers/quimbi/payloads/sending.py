"""What goes out: clean values only, and no more of a customer than helps."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from providers.codec import encode
from providers.models import Contact, CustomerIntelligence, Order, TicketContext

HISTORY_LIMIT = 20
"""Orders, and contacts, that go along with an analysis."""

TURNS_LIMIT = 40
TURN_LENGTH = 4000
"""The last turns of a conversation, and the characters of each: a text needs no more, and a pasted log
would fill the model's window."""


def encoded(body: Mapping[str, object]) -> bytes:
    """JSON without nulls, NaN, NUL and lone surrogates, each of which Quimbi fails on."""
    return encode(_clean(body))


def sendable(external_id: str) -> bool:
    """Whether the id survives cleaning; one that does not is nobody's at Quimbi."""
    return bool(external_id.strip()) and _clean_text(external_id) == external_id


def analysis_body(
    external_id: str, *, orders: Sequence[Order], contacts: Sequence[Contact]
) -> dict[str, object]:
    return {
        "customer_id": external_id,
        "context": {
            "orders": [_order(order) for order in orders],
            "interactions": [_interaction(contact) for contact in contacts],
        },
    }


def profile(facts: CustomerIntelligence | None, external_id: str) -> dict[str, object]:
    """What is known of the customer, in the shape of an analysis."""
    if facts is None or not facts.known:
        return {"customer_id": external_id}
    archetype = facts.archetype
    return {
        "customer_id": external_id,
        "archetype": archetype
        and {"id": archetype.id, "level": archetype.level, "segments": dict(archetype.segments)},
        "dominant_segments": archetype and dict(archetype.segments),
        "behavioral_metrics": asdict(facts.metrics),
        "predictions": asdict(facts.predictions),
        "communication_guidance": list(facts.communication_guidance),
    }


def ticket(about: TicketContext) -> dict[str, object]:
    return {
        "id": about.id,
        "subject": about.subject,
        "channel": about.channel,
        "priority": about.priority,
        "tags": list(about.tags),
    }


def turns(about: TicketContext) -> list[tuple[bool, str]]:
    """Whether the customer speaks, and the words; the last ones, oldest first."""
    spoken = [(turn.from_customer, turn.content[:TURN_LENGTH]) for turn in about.conversation]
    return spoken[-TURNS_LIMIT:]


def _order(order: Order) -> dict[str, object]:
    return {
        "order_id": order.external_id,
        "ordered_at": order.ordered_at,
        "status": order.status,
        "total": order.total,
        "discount": order.discount,
        "currency": order.currency,
        "channel": order.channel,
        "line_items": [asdict(line) for line in order.lines],
    }


def _interaction(contact: Contact) -> dict[str, object]:
    return {
        "ticket_id": contact.ticket_id,
        "at": contact.at,
        "channel": contact.channel,
        "subject": contact.subject,
        "status": contact.status,
    }


def _clean(value: object) -> object:
    match value:
        case str():
            return _clean_text(value)
        case Mapping():
            cleaned = ((_clean_text(name), _clean(part)) for name, part in value.items())
            return {name: part for name, part in cleaned if part is not None}
        case list() | tuple():
            return [part for part in map(_clean, value) if part is not None]
        case float() | Decimal():
            return value if Decimal(value).is_finite() else None
        case datetime():
            return value.isoformat()
        case _:
            return value


def _clean_text(text: str) -> str:
    return text.encode(errors="ignore").decode().replace("\0", "")
