"""`/api/admin/outbox`."""

from typing import Any

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.outbox.schemas import (
    DeadLettersSchema,
    OutboxListSchema,
    OutboxQuerySchema,
    ReplayedSchema,
    ToldDeliverySchema,
)
from service.outbox.services import Outbox, OutboxFilter, Replayed, ToldEntry
from service.permissions import Permission

blueprint = Blueprint(
    "outbox", __name__, url_prefix="/api/admin/outbox", description="What is to leave the desk, for operators"
)


@blueprint.get("")
@needs(Permission.OUTBOX_MANAGE)
@blueprint.arguments(OutboxQuerySchema, location="query")
@blueprint.response(200, OutboxListSchema)
def list_deliveries(query: tuple[OutboxFilter, dict[str, Any]]) -> Listing[ToldEntry]:
    """List what is to leave the desk, and what has left it or cannot, newest first"""
    wanted, asked = query
    return component(Outbox).listing(wanted, Page.asked(**asked))


@blueprint.post("/replay")
@needs(Permission.OUTBOX_MANAGE)
@blueprint.arguments(DeadLettersSchema)
@blueprint.response(200, ReplayedSchema)
def replay_dead_letters(body: dict[str, str | None]) -> Replayed:
    """Try all dead letters again, the oldest first; some thousands at each call"""
    return component(Outbox).replay_dead(actor=current_caller().id, channel=body["channel"])


@blueprint.get("/<id:delivery_id>")
@needs(Permission.OUTBOX_MANAGE)
@blueprint.response(200, ToldDeliverySchema)
def read_delivery(delivery_id: str) -> dict[str, ToldEntry]:
    """Read how one delivery does"""
    return {"delivery": component(Outbox).read(delivery_id)}


@blueprint.post("/<id:delivery_id>/replay")
@needs(Permission.OUTBOX_MANAGE)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldDeliverySchema)
def replay_delivery(delivery_id: str) -> dict[str, ToldEntry]:
    """Deliver again what was delivered, or could not be"""
    return {"delivery": component(Outbox).replay(delivery_id, actor=current_caller().id)}
