"""`/api/admin/webhooks`."""

from typing import Any

from flask import url_for

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.notifications.models import WebhookEndpoint
from service.notifications.published import TEST
from service.notifications.schemas.webhooks import (
    MadeWebhookSchema,
    NewWebhookSchema,
    ReplayedWebhookDeliverySchema,
    RotatedWebhookSchema,
    RotationSchema,
    SentWebhookSchema,
    ToldWebhookSchema,
    WebhookChangeSchema,
    WebhookDeliveryListSchema,
    WebhookListSchema,
    WebhookQuerySchema,
)
from service.notifications.services import (
    Deliveries,
    EndpointChange,
    LoggedAttempt,
    MadeEndpoint,
    NewEndpoint,
    RotatedSecret,
    WebhookEndpoints,
)
from service.outbox.models import OutboxEntry
from service.permissions import Permission

blueprint = Blueprint(
    "webhooks", __name__, url_prefix="/api/admin/webhooks", description="Where programs hear of events"
)

Told = tuple[dict[str, WebhookEndpoint], int, dict[str, str]]


@blueprint.get("")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.arguments(WebhookQuerySchema, location="query")
@blueprint.response(200, WebhookListSchema)
def list_webhooks(query: dict[str, Any]) -> Listing[WebhookEndpoint]:
    """List webhooks in the order in which they were made"""
    return component(WebhookEndpoints).listing(Page.asked(**query))


@blueprint.post("")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.arguments(NewWebhookSchema)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(201, MadeWebhookSchema)
def create_webhook(new: NewEndpoint) -> tuple[MadeEndpoint, int, dict[str, str]]:
    """Create a webhook; its secret is shown in this answer alone"""
    made = component(WebhookEndpoints).create(new, actor=current_caller().id)
    where = {"Location": url_for("webhooks.read_webhook", webhook_id=made.endpoint.id)}
    return made, 201, where | etag(made.endpoint.version)


@blueprint.get("/<id:webhook_id>")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.response(200, ToldWebhookSchema)
def read_webhook(webhook_id: str) -> Told:
    """Read a webhook, but for its secret"""
    return _told(component(WebhookEndpoints).read(webhook_id))


@blueprint.patch("/<id:webhook_id>")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.arguments(WebhookChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldWebhookSchema)
def change_webhook(change: EndpointChange, headers: dict[str, Any], webhook_id: str) -> Told:
    """Change a webhook: what is not named stays as it is"""
    endpoints, actor = component(WebhookEndpoints), current_caller().id
    return _told(endpoints.change(webhook_id, change, actor=actor, expected=headers["expected"]))


@blueprint.delete("/<id:webhook_id>")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(204)
def delete_webhook(headers: dict[str, Any], webhook_id: str) -> None:
    """Delete a webhook with what is known of its deliveries"""
    actor = current_caller().id
    component(WebhookEndpoints).delete(webhook_id, actor=actor, expected=headers["expected"])


@blueprint.post("/<id:webhook_id>/rotate-secret")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.arguments(RotationSchema)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, RotatedWebhookSchema)
def rotate_webhook_secret(rotation: dict[str, bool], webhook_id: str) -> RotatedSecret:
    """Give a webhook another secret, shown in this answer alone; the old one signs, too, for 24 hours"""
    actor = current_caller().id
    return component(WebhookEndpoints).rotate(webhook_id, actor=actor, end_old=rotation["end_old"])


@blueprint.post("/<id:webhook_id>/test")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(202, SentWebhookSchema)
def test_webhook(webhook_id: str) -> dict[str, str]:
    """Send a webhook an event of the type webhook.test, the way of all others"""
    component(WebhookEndpoints).test(webhook_id, actor=current_caller().id)
    return {"event_type": TEST}


@blueprint.get("/<id:webhook_id>/deliveries")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.arguments(WebhookQuerySchema, location="query")
@blueprint.response(200, WebhookDeliveryListSchema)
def list_webhook_deliveries(query: dict[str, Any], webhook_id: str) -> Listing[LoggedAttempt]:
    """List what was tried to deliver to a webhook within 30 days, the newest first"""
    return component(Deliveries).listing(webhook_id, Page.asked(**query))


@blueprint.post("/<id:webhook_id>/deliveries/<id:delivery_id>/replay")
@needs(Permission.WEBHOOKS_MANAGE)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(202, ReplayedWebhookDeliverySchema)
def replay_webhook_delivery(webhook_id: str, delivery_id: str) -> OutboxEntry:
    """Deliver again, whether it arrived or not"""
    return component(Deliveries).replay(webhook_id, delivery_id, actor=current_caller().id)


def _told(endpoint: WebhookEndpoint) -> Told:
    return {"endpoint": endpoint}, 200, etag(endpoint.version)
