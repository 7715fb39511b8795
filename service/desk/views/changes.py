"""New tickets and changed ones: they may name whose they are, which assignments have rules for."""

from typing import Any

from flask import url_for

from service.assignment.views import assigner
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.idempotency import idempotent
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.tickets.models import Ticket
from service.tickets.schemas.conversations import CreatedTicketSchema
from service.tickets.schemas.tickets import ChangedTicketSchema, NewTicketSchema, TicketChangeSchema
from service.tickets.services import Conversation, NewTicket, TicketChange, TicketService

blueprint = Blueprint("changes", __name__, url_prefix="/api", description="New tickets and changed ones")


@blueprint.post("/tickets")
@needs(Permission.TICKETS_CREATE)
@blueprint.arguments(NewTicketSchema)
@idempotent
@blueprint.response(201, CreatedTicketSchema)
def create_ticket(new: NewTicket) -> tuple[Conversation, int, dict[str, str]]:
    """Create a ticket, and its customer where unknown; an agent's id assigns it"""
    assigner().check_may_give(new.assigned_to)
    made = component(TicketService).create(new, actor=current_caller().id)
    where = {"Location": url_for("pages.read_ticket", ticket_id=made.ticket.id)}
    return made, 201, where | etag(made.ticket.version)


@blueprint.patch("/tickets/<id:ticket_id>")
@needs(Permission.TICKETS_CHANGE)
@blueprint.arguments(TicketChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ChangedTicketSchema)
def change_ticket(
    change: TicketChange, headers: dict[str, Any], ticket_id: str
) -> tuple[dict[str, Ticket], int, dict[str, str]]:
    """Change a ticket: what is not named stays as it is; an agent's id assigns it"""
    assigner().check_may_give(change.values.get("assigned_to"))
    caller = current_caller()
    ticket = component(TicketService).change(
        ticket_id,
        change,
        actor=caller.id,
        expected=headers["expected"],
        within=caller.bounds(Permission.TICKETS_CHANGE),
    )
    return {"ticket": ticket}, 200, etag(ticket.version)
