"""How promises stand: of a ticket, in lists, and over time."""

from typing import Any

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission, Reach
from service.sla.tracking.compliance import ComplianceReport, ComplianceReports, Dashboard
from service.sla.tracking.lists import Filters, ListedTarget, TargetLists
from service.sla.tracking.reading import ExplainedLevels, ServiceLevels, TicketLevels
from service.sla.tracking.report_schemas import ComplianceReportSchema, DashboardSchema, PeriodQuerySchema
from service.sla.tracking.schemas import (
    BreachListQuerySchema,
    ExplainedLevelsSchema,
    TargetListQuerySchema,
    TargetListSchema,
    TicketLevelsSchema,
)
from service.tickets.services import Sight

blueprint = Blueprint(
    "service_levels", __name__, url_prefix="/api", description="What was promised, and what became of it"
)

PAGING = ("page", "limit", "cursor")


@blueprint.get("/tickets/<id:ticket_id>/sla")
@needs(Permission.TICKETS_READ)
@blueprint.response(200, TicketLevelsSchema)
def read_ticket_sla(ticket_id: str) -> TicketLevels:
    """Read what is promised to a ticket, and how that stands"""
    return component(ServiceLevels).of(ticket_id)


@blueprint.get("/tickets/<id:ticket_id>/sla/explain")
@needs(Permission.TICKETS_READ)
@blueprint.response(200, ExplainedLevelsSchema)
def explain_ticket_sla(ticket_id: str) -> ExplainedLevels:
    """Explain which time counts for each promise, segment by segment"""
    return component(ServiceLevels).explained(ticket_id)


@blueprint.get("/sla/breaches")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(BreachListQuerySchema, location="query")
@blueprint.response(200, TargetListSchema)
def list_sla_breaches(query: dict[str, Any]) -> Listing[ListedTarget]:
    """List what was not done in time, the newest first"""
    page = _page(query)
    return component(TargetLists).breached(Filters(**query), page, sight=_sight())


@blueprint.get("/sla/at-risk")
@needs(Permission.TICKETS_READ)
@blueprint.arguments(TargetListQuerySchema, location="query")
@blueprint.response(200, TargetListSchema)
def list_sla_at_risk(query: dict[str, Any]) -> Listing[ListedTarget]:
    """List what is nearly due, the nearest first"""
    page = _page(query)
    return component(TargetLists).at_risk(Filters(**query), page, sight=_sight())


@blueprint.get("/sla/dashboard")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(PeriodQuerySchema, location="query")
@blueprint.response(200, DashboardSchema)
def read_sla_dashboard(query: dict[str, Any]) -> Dashboard:
    """Read what is at risk and breached now, and how many promises were kept"""
    return component(ComplianceReports).dashboard(**query, sight=_sight(), agent_id=_own())


@blueprint.get("/analytics/sla/compliance")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(PeriodQuerySchema, location="query")
@blueprint.response(200, ComplianceReportSchema)
def read_sla_compliance(query: dict[str, Any]) -> ComplianceReport:
    """Read how many promises were kept, by policy, priority, team, agent and day"""
    return component(ComplianceReports).report(**query, agent_id=_own())


def _page(query: dict[str, Any]) -> Page:
    return Page.asked(**{name: query.pop(name) for name in PAGING})


def _sight() -> Sight | None:
    """None for a caller who sees everything."""
    caller = current_caller()
    if caller.agent_id is None or caller.reach(Permission.TICKETS_READ) is Reach.ANY:
        return None
    return Sight(caller.agent_id, caller.team_ids)


def _own() -> str | None:
    """Whose figures alone the caller reads; None for everybody's."""
    caller = current_caller()
    return caller.agent_id if caller.reach(Permission.ANALYTICS_READ) is Reach.OWN else None
