"""`/api/events`."""

from typing import Any

from flask import Response

from service.http.callers import current_caller, needs, public
from service.http.components import component
from service.http.left_open import leave_open
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.streams.frames import CONTENT_TYPE
from service.streams.schemas import (
    EventListSchema,
    EventQuerySchema,
    StreamHeadersSchema,
    StreamQuerySchema,
    StreamTicketSchema,
)
from service.streams.services import EventFeed, EventPage
from service.streams.services.feeding import Asked
from service.streams.stream_tickets import LIFETIME

LINES = {"type": "string", "example": 'id: 4711\ndata: {"position":4711,"type":"ticket.created"}\n\n'}
UNBUFFERED = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

blueprint = Blueprint("events", __name__, url_prefix="/api/events", description="What happens, as it happens")


@blueprint.get("")
@needs(Permission.EVENTS_READ)
@blueprint.arguments(EventQuerySchema, location="query")
@blueprint.response(200, EventListSchema)
def list_events(query: dict[str, Any]) -> EventPage:
    """List events in the order of the feed, or wait for the next one"""
    return component(EventFeed).page(current_caller(), Asked(**query))


@blueprint.post("/tickets")
@needs(Permission.EVENTS_READ)
@blueprint.response(200, StreamTicketSchema)
def issue_stream_ticket() -> dict[str, Any]:
    """Get a ticket that opens one stream of events, within a minute"""
    ticket = component(EventFeed).ticket_for(current_caller())
    return {"ticket": ticket, "expires_in": int(LIFETIME.total_seconds())}


@blueprint.get("/stream")
@public
@blueprint.arguments(StreamQuerySchema, location="query")
@blueprint.arguments(StreamHeadersSchema, location="headers")
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.response(200, LINES, content_type="text/event-stream")
def stream_events(query: dict[str, Any], headers: dict[str, Any]) -> Response:
    """Open a stream of events (server-sent events), with a ticket in place of a key or token"""
    brought = headers["last_event_id"]
    after = brought if brought is not None else query["last_event_id"]
    go_on = component(EventFeed).stream(query["ticket"], after=after, types=query["types"])
    return leave_open(Response(status=200, headers=UNBUFFERED, content_type=CONTENT_TYPE), go_on)
