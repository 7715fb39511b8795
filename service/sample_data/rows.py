"""The sample data as rows of the tables, with every column that is kept beside what it repeats."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from service.sample_data.cases import Case
from service.sample_data.chances import steady_id
from service.sample_data.shoppers import Shopper
from service.sample_data.shopping import Purchase
from service.sample_data.staff import AGENT_IDS, owner_columns
from service.text_index import IndexedText, TextKind
from service.tickets.handing import AssignmentReason
from service.tickets.lifecycle import UNSETTLED
from service.tickets.models import TicketStatus
from service.tickets.sentiment import sentiment_of
from service.tickets.services import preview

TRACKING_PAGE = "https://tracking.example.com/"

Row = dict[str, Any]


def customer_row(shopper: Shopper, now: datetime) -> Row:
    person, known_since = shopper.person, now - shopper.age
    return {
        "id": shopper.id,
        "ref": steady_id("ref", shopper.id),
        "external_ids": {},
        "name": person.name,
        "email": person.email,
        "phone": person.phone,
        "locale": person.region.locale,
        "time_zone": person.region.time_zone,
        "preferences": {},
        "created_at": known_since,
        "updated_at": known_since,
    }


def order_row(shopper: Shopper, purchase: Purchase, now: datetime) -> Row:
    changed = min([purchase.age, *(refund.age for refund in purchase.refunds)])
    return {
        "id": steady_id("order", shopper.id, purchase.number),
        "external_id": shopper.order_id(purchase),
        "customer_id": shopper.id,
        "ordered_at": now - purchase.age,
        "currency": shopper.person.region.currency,
        "status": purchase.status,
        "fulfillment_status": purchase.fulfillment_status,
        "total": purchase.total,
        "discount": purchase.discount,
        "channel": purchase.channel,
        "tracking": _tracking(purchase),
        "created_at": now - purchase.age,
        "updated_at": now - changed,
    }


def _tracking(purchase: Purchase) -> Row | None:
    if purchase.fulfillment_status == "unfulfilled":
        return None
    number = purchase.tracking_number
    return {"numbers": [number], "urls": [TRACKING_PAGE + number], "carrier": purchase.carrier}


def line_rows(order_id: str, purchase: Purchase) -> Iterator[Row]:
    for position, line in enumerate(purchase.lines):
        yield {
            "order_id": order_id,
            "position": position,
            "title": line.product.title,
            "product_id": line.product.id,
            "vendor": line.product.vendor,
            "category": line.product.category,
            "quantity": line.quantity,
            "price": line.product.price,
            "discount": line.discount,
        }


def refund_rows(order_id: str, purchase: Purchase, now: datetime) -> Iterator[Row]:
    for number, refund in enumerate(purchase.refunds, start=1):
        yield {
            "order_id": order_id,
            "external_id": f"refund-{number}",
            "at": now - refund.age,
            "amount": refund.amount,
        }


def ticket_row(case: Case, now: datetime) -> Row:
    """As `TicketService` would have kept it, message by message."""
    last, settled_at = case.turns[-1], _before(now, case.settled_age)
    return {
        "id": case.id,
        "external_id": None,
        "customer_id": case.shopper.id,
        "subject": case.subject,
        "status": case.status,
        "priority": case.priority,
        "channel": case.channel,
        **owner_columns(case.assigned_to),
        "custom_fields": {},
        "version": len(case.turns) + (settled_at is not None),
        "conversation_version": len(case.turns),
        "message_count": len(case.turns),
        "last_message_preview": preview(last.content),
        "last_message_at": now - last.age,
        "last_message_from_agent": last.from_agent,
        "waiting_since": _before(now, _waiting_age(case)),
        "customer_sentiment": sentiment_of(_last_of_customer(case)),
        "first_response_at": _before(now, next((turn.age for turn in case.turns if turn.from_agent), None)),
        "resolved_at": settled_at if case.status is TicketStatus.RESOLVED else None,
        "closed_at": settled_at if case.status is TicketStatus.CLOSED else None,
        "deleted_at": None,
        "created_at": now - case.turns[0].age,
        "updated_at": settled_at or now - last.age,
    }


def assignment_row(case: Case, now: datetime) -> Row | None:
    """Of an agent who has the ticket, from its beginning; None where nobody has, or it is settled."""
    agent_id = AGENT_IDS.get(case.assigned_to or "")
    if agent_id is None or case.status not in UNSETTLED:
        return None
    answered_at = _before(now, next((turn.age for turn in case.turns if turn.from_agent), None))
    return {
        "id": steady_id("assignment", case.id),
        "ticket_id": case.id,
        "agent_id": agent_id,
        "reason": AssignmentReason.MANUAL,
        "strategies": [],
        "over_capacity": False,
        "assigned_at": now - case.turns[0].age,
        "accepted_at": answered_at,
    }


def _waiting_age(case: Case) -> timedelta | None:
    """Of the oldest customer's turn after the last agent's."""
    waiting = None
    for turn in case.turns:
        waiting = None if turn.from_agent else waiting or turn.age
    return waiting


def _last_of_customer(case: Case) -> str:
    """The first turn is always the customer's."""
    return next(turn.content for turn in reversed(case.turns) if not turn.from_agent)


def _before(now: datetime, age: timedelta | None) -> datetime | None:
    return None if age is None else now - age


def message_rows(case: Case, now: datetime) -> Iterator[Row]:
    for number, turn in enumerate(case.turns):
        yield {
            "id": steady_id("message", case.id, number),
            "ticket_id": case.id,
            "from_agent": turn.from_agent,
            "content": turn.content,
            "author_name": case.agent if turn.from_agent else case.shopper.person.name,
            "author_email": None if turn.from_agent else case.shopper.person.email,
            "send_to_customer": turn.from_agent,
            "created_at": now - turn.age,
        }


def tag_rows(case: Case) -> Iterator[Row]:
    for tag in sorted(case.tags):
        yield {"ticket_id": case.id, "tag": tag}


def texts(case: Case, now: datetime) -> Iterator[IndexedText]:
    """What the ticket is found by."""
    yield IndexedText(TextKind.SUBJECT, case.id, case.subject, ticket_id=case.id)
    for message in message_rows(case, now):
        yield IndexedText(TextKind.MESSAGE, message["id"], message["content"], ticket_id=case.id)
