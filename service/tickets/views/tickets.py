"""`/api/tickets`."""

from typing import Any

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.tickets.models import Ticket
from service.tickets.schemas.tickets import (
    ChangedTicketSchema,
    TicketEventListSchema,
    TicketEventQuerySchema,
)
from service.tickets.services import HistoryService, TicketService
from service.tickets.services.history import Happening

blueprint = Blueprint("tickets", __name__, url_prefix="/api/tickets", description="Tickets and their history")

Told = tuple[dict[str, Ticket], int, dict[str, str]]


@blueprint.delete("/<id:ticket_id>")
@needs(Permission.TICKETS_DELETE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(204)
def delete_ticket(headers: dict[str, Any], ticket_id: str) -> None:
    """Delete a ticket, until it is restored"""
    component(TicketService).delete(ticket_id, actor=current_caller().id, expected=headers["expected"])


@blueprint.post("/<id:ticket_id>/restore")
@needs(Permission.TICKETS_DELETE)
@blueprint.response(200, ChangedTicketSchema)
def restore_ticket(ticket_id: str) -> Told:
    """Restore a deleted ticket"""
    return _told(component(TicketService).restore(ticket_id, actor=current_caller().id))


@blueprint.get("/<id:ticket_id>/events")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(TicketEventQuerySchema, location="query")
@blueprint.response(200, TicketEventListSchema)
def list_ticket_events(query: dict[str, Any], ticket_id: str) -> Listing[Happening]:
    """List what became of a ticket, newest first: who, what, before and after"""
    newest_first = query.pop("order") == "desc"
    return component(HistoryService).of(ticket_id, Page.asked(**query), newest_first=newest_first)


def _told(ticket: Ticket) -> Told:
    return {"ticket": ticket}, 200, etag(ticket.version)
