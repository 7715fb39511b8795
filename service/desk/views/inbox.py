"""The inbox: `GET /api/tickets`, and what explains it."""

from typing import Any

from service.assignment.staffing import Staffing
from service.customers.services import CustomerService
from service.desk.schemas.inbox import (
    AlertsQuerySchema,
    BreakdownSchema,
    CustomerTicketsQuerySchema,
    InboxOfQuerySchema,
    InboxQuerySchema,
    InboxSchema,
    QueueSchema,
)
from service.desk.services import DeskService, Inboxed
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.pagination import Page
from service.http.parsing import Blueprint
from service.permissions import Permission, Reach
from service.tickets.filters import TicketFilter
from service.tickets.services import Breakdown, InboxPage, InboxService, Sight, Wanted

blueprint = Blueprint("desk", __name__, url_prefix="/api", description="What agents see")

FILTERS = ("status", "priority", "channel", "team_id", "customer_id")


@blueprint.get("/tickets")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(InboxQuerySchema, location="query")
@blueprint.response(200, InboxSchema)
def list_tickets(query: dict[str, Any]) -> dict[str, Any]:
    """List tickets: those that want an agent most first, or by time"""
    return _inbox(query, assigned_to=query["assigned_to"])


@blueprint.get("/tickets/unassigned")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(InboxOfQuerySchema, location="query")
@blueprint.response(200, InboxSchema)
def list_unassigned_tickets(query: dict[str, Any]) -> dict[str, Any]:
    """List open and pending tickets that nobody has, as the inbox does"""
    return _inbox(query, unassigned=True, unsettled=True)


@blueprint.get("/agents/<id:agent_id>/queue")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(InboxOfQuerySchema, location="query")
@blueprint.response(200, QueueSchema)
def list_agent_queue(query: dict[str, Any], agent_id: str) -> dict[str, Any]:
    """List an agent's open and pending tickets as the inbox does, with how much the agent has"""
    told = _inbox(query, assigned_to=agent_id, unsettled=True)
    return told | {"workload": component(Staffing).workload(agent_id)}


def _inbox(query: dict[str, Any], **whose: Any) -> dict[str, Any]:
    wanted = Wanted(
        filter=TicketFilter(**{name: query[name] for name in FILTERS}, **whose),
        search=query["q"],
        tag=query["tag"],
        alerts=tuple(query["topic_alerts"].values()),
        sight=_sight(),
    )
    asked = {name: query[name] for name in ("page", "limit", "cursor")}
    desk = component(DeskService)
    if query["smart"]:
        inboxed = desk.by_score(wanted, InboxPage.asked(**asked))
    else:
        ascending = query["order"] == "asc"
        inboxed = desk.by_time(wanted, Page.asked(**asked), column=query["sort"], ascending=ascending)
    return _told(inboxed, list(query["topic_alerts"]))


@blueprint.get("/customers/<id:customer_id>/tickets")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(CustomerTicketsQuerySchema, location="query")
@blueprint.response(200, InboxSchema)
def list_customer_tickets(query: dict[str, Any], customer_id: str) -> dict[str, Any]:
    """List a customer's tickets, newest first"""
    customer = component(CustomerService).reference(customer_id)
    wanted = Wanted(filter=TicketFilter(customer_id=customer.id), sight=_sight())
    page = Page.asked(**query)
    return _told(component(DeskService).by_time(wanted, page, column="created_at", ascending=False), [])


@blueprint.get("/tickets/<id:ticket_id>/score-breakdown")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(AlertsQuerySchema, location="query")
@blueprint.response(200, BreakdownSchema)
def read_score_breakdown(query: dict[str, Any], ticket_id: str) -> Breakdown:
    """Explain a ticket's score, part by part"""
    return component(InboxService).breakdown(ticket_id, tuple(query["topic_alerts"].values()))


def _sight() -> Sight | None:
    """None for a caller who sees everything."""
    caller = current_caller()
    if caller.agent_id is None or caller.reach(Permission.TICKETS_READ) is Reach.ANY:
        return None
    return Sight(caller.agent_id, caller.team_ids)


def _told(inboxed: Inboxed, alerts: list[str]) -> dict[str, Any]:
    return {
        "listing": inboxed.listing,
        "matches": inboxed.matches,
        "matches_is_estimate": inboxed.matches_is_estimate,
        "topic_alerts_active": alerts,
    }
