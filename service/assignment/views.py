"""Who gets a ticket, and who could take one: below `/api/tickets` and `/api/agents`."""

from typing import Any

from service.assignment.assigner import Assigner, Wish
from service.assignment.history import AssignmentHistory
from service.assignment.models import Assignment
from service.assignment.schemas import (
    AssignmentListSchema,
    AssignmentQuerySchema,
    AssignSchema,
    AvailableQuerySchema,
    AvailableSchema,
    HandedSchema,
    RemarkSchema,
    TransferSchema,
)
from service.assignment.services import AssignmentService, Handed
from service.assignment.staffing import Available, Staffing
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission, Reach

blueprint = Blueprint("assignment", __name__, url_prefix="/api", description="Who gets which ticket")

Told = tuple[Handed, int, dict[str, str]]


@blueprint.post("/tickets/<id:ticket_id>/assign")
@needs(Permission.TICKETS_ASSIGN)
@blueprint.arguments(AssignSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, HandedSchema)
def assign_ticket(body: dict[str, Any], headers: dict[str, Any], ticket_id: str) -> Told:
    """Give a ticket to an agent"""
    return _told(
        component(AssignmentService).assign(
            ticket_id,
            body["agent_id"],
            by=assigner(),
            wish=_wish(body, headers),
            over_capacity=body["over_capacity"],
        )
    )


@blueprint.post("/tickets/<id:ticket_id>/auto-assign")
@needs(Permission.TICKETS_ASSIGN)
@blueprint.arguments(RemarkSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, HandedSchema)
def auto_assign_ticket(body: dict[str, Any], headers: dict[str, Any], ticket_id: str) -> Told:
    """Give a ticket to whom the rules find; where nobody has room, it waits until somebody has"""
    return _told(
        component(AssignmentService).auto_assign(ticket_id, by=assigner(), wish=_wish(body, headers))
    )


@blueprint.post("/tickets/<id:ticket_id>/transfer")
@needs(Permission.TICKETS_ASSIGN)
@blueprint.arguments(TransferSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, HandedSchema)
def transfer_ticket(body: dict[str, Any], headers: dict[str, Any], ticket_id: str) -> Told:
    """Give a ticket on to another agent, or to another team"""
    return _told(
        component(AssignmentService).transfer(
            ticket_id,
            agent_id=body["agent_id"],
            team_id=body["team_id"],
            escalation=body["escalation"],
            by=assigner(),
            wish=_wish(body, headers),
        )
    )


@blueprint.post("/tickets/<id:ticket_id>/accept")
@needs(Permission.TICKETS_ASSIGN)
@blueprint.arguments(RemarkSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(200, HandedSchema)
def accept_ticket(body: dict[str, Any], headers: dict[str, Any], ticket_id: str) -> Told:
    """Accept a ticket that one has"""
    return _told(component(AssignmentService).accept(ticket_id, by=assigner(), wish=_wish(body, headers)))


@blueprint.post("/tickets/<id:ticket_id>/unassign")
@needs(Permission.TICKETS_ASSIGN)
@blueprint.arguments(RemarkSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(200, HandedSchema)
def unassign_ticket(body: dict[str, Any], headers: dict[str, Any], ticket_id: str) -> Told:
    """Take a ticket from whoever has it, and out of the queue"""
    return _told(component(AssignmentService).unassign(ticket_id, by=assigner(), wish=_wish(body, headers)))


@blueprint.get("/tickets/<id:ticket_id>/assignments")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(AssignmentQuerySchema, location="query")
@blueprint.response(200, AssignmentListSchema)
def list_assignments(query: dict[str, Any], ticket_id: str) -> Listing[Assignment]:
    """List who had a ticket, newest first"""
    return component(AssignmentHistory).of(ticket_id, Page.asked(**query))


@blueprint.get("/agents/available")
@needs(Permission.AGENTS_READ)
@blueprint.arguments(AvailableQuerySchema, location="query")
@blueprint.response(200, AvailableSchema)
def list_available_agents(query: dict[str, Any]) -> Available:
    """List who could take a ticket now: online, with room, those with most room first"""
    return component(Staffing).available(**query)


def assigner() -> Assigner:
    """The caller as one who assigns."""
    caller = current_caller()
    return Assigner(
        actor=caller.id,
        agent_id=caller.agent_id,
        reach=caller.reach(Permission.TICKETS_ASSIGN) or Reach.OWN,
        beyond=caller.reach(Permission.TICKETS_ASSIGN_BEYOND_CAPACITY) is not None,
        within=caller.bounds(Permission.TICKETS_ASSIGN),
    )


def _wish(body: dict[str, Any], headers: dict[str, Any]) -> Wish:
    return Wish(note=body["note"], expected=headers["expected"])


def _told(handed: Handed) -> Told:
    return handed, 200, etag(handed.ticket.version)
