"""`PATCH /api/tickets/{id}`: what it names may be whose the ticket is, which assignments have rules for."""

from typing import Any

from service.assignment.views import assigner
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.tickets.models import Ticket
from service.tickets.schemas.tickets import ChangedTicketSchema, TicketChangeSchema
from service.tickets.services import TicketChange, TicketService

blueprint = Blueprint("changes", __name__, url_prefix="/api", description="What is changed of a ticket")


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
    ticket = component(TicketService).change(
        ticket_id, change, actor=current_caller().id, expected=headers["expected"]
    )
    return {"ticket": ticket}, 200, etag(ticket.version)
