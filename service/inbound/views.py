"""`/api/admin/inbound-webhooks`, and `/api/inbound`, where they come in."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from flask import Response, request, url_for

from service.http.callers import current_caller, needs, public
from service.http.components import component
from service.http.idempotency import Asked, answered_once, hash_of_this_request
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.inbound.models import InboundWebhook
from service.inbound.schemas import (
    InboundDeliveredSchema,
    InboundDeliverySchema,
    InboundRotationSchema,
    InboundWebhookChangeSchema,
    InboundWebhookListSchema,
    InboundWebhookQuerySchema,
    MadeInboundWebhookSchema,
    NewInboundWebhookSchema,
    ToldInboundWebhookSchema,
)
from service.inbound.services import (
    Delivered,
    Deliveries,
    Delivery,
    InboundWebhooks,
    MadeSource,
    SourceChange,
)
from service.permissions import Permission
from service.signing import ID, SIGNATURE, TIMESTAMP

admin = Blueprint(
    "inbound_webhooks",
    __name__,
    url_prefix="/api/admin/inbound-webhooks",
    description="Who may send webhooks in",
)
inbound = Blueprint("inbound", __name__, url_prefix="/api/inbound", description="Where webhooks come in")
BLUEPRINTS = [admin, inbound]

View = Callable[..., Any]


@admin.get("")
@needs(Permission.WEBHOOKS_MANAGE)
@admin.arguments(InboundWebhookQuerySchema, location="query")
@admin.response(200, InboundWebhookListSchema)
def list_inbound_webhooks(query: dict[str, Any]) -> Listing[InboundWebhook]:
    """List inbound webhooks, the newest first"""
    return component(InboundWebhooks).listing(Page.asked(**query))


@admin.post("")
@needs(Permission.WEBHOOKS_MANAGE)
@admin.arguments(NewInboundWebhookSchema)
@admin.alt_response(409, "CONFLICT")
@admin.response(201, MadeInboundWebhookSchema)
def create_inbound_webhook(body: dict[str, str]) -> tuple[MadeSource, int, dict[str, str]]:
    """Create an inbound webhook; its secret is shown in this answer alone"""
    made = component(InboundWebhooks).create(body["name"], actor=current_caller().id)
    where = url_for("inbound_webhooks.read_inbound_webhook", source_id=made.webhook.id)
    return made, 201, {"Location": where}


@admin.get("/<id:source_id>")
@needs(Permission.WEBHOOKS_MANAGE)
@admin.response(200, ToldInboundWebhookSchema)
def read_inbound_webhook(source_id: str) -> dict[str, InboundWebhook]:
    """Read an inbound webhook, but for its secret"""
    return {"webhook": component(InboundWebhooks).read(source_id)}


@admin.patch("/<id:source_id>")
@needs(Permission.WEBHOOKS_MANAGE)
@admin.arguments(InboundWebhookChangeSchema)
@admin.alt_response(409, "CONFLICT")
@admin.response(200, ToldInboundWebhookSchema)
def change_inbound_webhook(change: SourceChange, source_id: str) -> dict[str, InboundWebhook]:
    """Rename an inbound webhook, or refuse what it sends for a while"""
    return {"webhook": component(InboundWebhooks).change(source_id, change, actor=current_caller().id)}


@admin.post("/<id:source_id>/rotate")
@needs(Permission.WEBHOOKS_MANAGE)
@admin.arguments(InboundRotationSchema)
@admin.response(200, MadeInboundWebhookSchema)
def rotate_inbound_webhook(body: dict[str, int], source_id: str) -> MadeSource:
    """Give an inbound webhook a new secret; the one before is good for a while"""
    overlap = timedelta(seconds=body["overlap_s"])
    return component(InboundWebhooks).rotate(source_id, overlap=overlap, actor=current_caller().id)


@admin.delete("/<id:source_id>")
@needs(Permission.WEBHOOKS_MANAGE)
@admin.response(204)
def delete_inbound_webhook(source_id: str) -> None:
    """Delete an inbound webhook; what it brought stays"""
    component(InboundWebhooks).delete(source_id, actor=current_caller().id)


def signed(view: View) -> View:
    """Stands before anything that parses: what is not signed is not looked at."""

    @wraps(view)
    def checked(*args: Any, source_id: str, **kwargs: Any) -> Any:
        headers = {name: request.headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE)}
        component(InboundWebhooks).check(source_id, headers, request.get_data())
        return view(*args, source_id=source_id, **kwargs)

    return checked


def once_by_id(view: View) -> View:
    """The first answer to each `webhook-id`. What was refused may go well the next time it is sent."""

    @wraps(view)
    def once(*args: Any, source_id: str, **kwargs: Any) -> Response:
        asked = Asked(
            scope=f"webhook:{source_id}",
            key=request.headers[ID],
            request_hash=hash_of_this_request(),
            header=ID,
        )
        return answered_once(asked, lambda: view(*args, source_id=source_id, **kwargs), keeps_refusals=False)

    return once


@inbound.post("/<id:source_id>")
@public
@signed
@inbound.arguments(InboundDeliverySchema)
@once_by_id
@inbound.alt_response(401, "UNAUTHORIZED")
@inbound.alt_response(409, "CONFLICT")
@inbound.alt_response(200, schema=InboundDeliveredSchema, description="It was there already")
@inbound.response(201, InboundDeliveredSchema)
def receive_webhook(delivery: Delivery, source_id: str) -> tuple[Delivered, int]:
    """Take in a signed webhook (Standard Webhooks) that brings a ticket or a message"""
    delivered = component(Deliveries).receive(source_id, delivery)
    return delivered, 201 if delivered.created else 200
