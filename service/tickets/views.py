"""`/api/tickets`."""

from typing import Any

from flask import url_for

from service.http.callers import current_caller
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.tickets.models import Ticket
from service.tickets.queries import TicketFilter
from service.tickets.schemas import (
    AddedMessageSchema,
    ConversationSchema,
    CreatedTicketSchema,
    NewMessageSchema,
    NewTicketSchema,
    TicketListSchema,
    TicketQuerySchema,
)
from service.tickets.services import Conversation, NewMessage, NewTicket, TicketService

blueprint = Blueprint(
    "tickets", __name__, url_prefix="/api/tickets", description="Tickets and their messages"
)


@blueprint.get("")
@blueprint.arguments(TicketQuerySchema, location="query")
@blueprint.response(200, TicketListSchema)
def list_tickets(query: dict[str, Any]) -> Listing[Ticket]:
    """List tickets, newest first"""
    newest_first = query.pop("order") == "desc"
    page = Page.asked(**{name: query.pop(name) for name in ("page", "limit", "cursor")})
    del query["sort"]
    return component(TicketService).listing(TicketFilter(**query), page, newest_first=newest_first)


@blueprint.post("")
@blueprint.arguments(NewTicketSchema)
@blueprint.response(201, CreatedTicketSchema)
def create_ticket(new: NewTicket) -> tuple[Conversation, int, dict[str, str]]:
    """Create a ticket, and its customer where unknown"""
    made = component(TicketService).create(new, actor=current_caller().id)
    return made, 201, {"Location": url_for("tickets.read_ticket", ticket_id=made.ticket.id)}


@blueprint.get("/<id:ticket_id>")
@blueprint.response(200, ConversationSchema)
def read_ticket(ticket_id: str) -> Conversation:
    """Read a ticket with its last 200 messages"""
    return component(TicketService).read(ticket_id)


@blueprint.post("/<id:ticket_id>/messages")
@blueprint.arguments(NewMessageSchema)
@blueprint.response(201, AddedMessageSchema)
def add_message(new: NewMessage, ticket_id: str) -> dict[str, Any]:
    """Add a message to a ticket"""
    message, ticket = component(TicketService).add_message(ticket_id, new, actor=current_caller().id)
    return {"message": message, "ticket_updated": ticket}
