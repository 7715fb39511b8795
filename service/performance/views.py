"""`/api/analytics/agents`, `/team`, `/tickets` and `/customers`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from flask import Response
from sqlalchemy import Row

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.links import NEXT_PAGE, next_page
from service.http.pagination import Listing
from service.http.parsing import Blueprint
from service.intelligence.at_risk import CustomersAtRisk, RiskFilter, RiskPage
from service.performance import lines
from service.performance.figures import AgentReport, ChannelReport, TeamReport, VolumeReport
from service.performance.schemas import (
    AgentReportSchema,
    AtRiskListSchema,
    ChannelReportSchema,
    ChurnQuerySchema,
    DaysQuerySchema,
    TeamQuerySchema,
    TeamReportSchema,
    TodayQuerySchema,
    VolumeQuerySchema,
    VolumeReportSchema,
)
from service.performance.services import PerformanceReports, Viewer
from service.permissions import Permission, Reach

CSV = "csv"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})
LINES = {"type": "string", "example": "date,created,imported,resolved,closed"}
ALSO_LINES = {200: {"content": {"text/csv": {"schema": LINES}}}}

blueprint = Blueprint(
    "performance",
    __name__,
    url_prefix="/api/analytics",
    description="Figures of agents, teams, tickets and customers, by days of any time zone",
)


@blueprint.get("/agents/<id:agent_id>")
@needs(Permission.PERFORMANCE_READ)
@blueprint.arguments(DaysQuerySchema, location="query")
@blueprint.doc(responses=ALSO_LINES)
@blueprint.response(200, AgentReportSchema)
def read_agent_figures(query: dict[str, Any], agent_id: str) -> AgentReport | Response:
    """Read an agent's figures, in all and day by day"""
    report = component(PerformanceReports).of_agent(agent_id, query["asked"])
    return _lines(lines.of_agent(report), "agent") if query["format"] == CSV else report


@blueprint.get("/agents/<id:agent_id>/today")
@needs(Permission.PERFORMANCE_READ)
@blueprint.arguments(TodayQuerySchema, location="query")
@blueprint.doc(responses=ALSO_LINES)
@blueprint.response(200, AgentReportSchema)
def read_agents_day(query: dict[str, Any], agent_id: str) -> AgentReport | Response:
    """Read an agent's figures of today"""
    report = component(PerformanceReports).today(agent_id, query["time_zone"])
    return _lines(lines.of_agent(report), "today") if query["format"] == CSV else report


@blueprint.get("/team")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(TeamQuerySchema, location="query")
@blueprint.doc(responses=ALSO_LINES)
@blueprint.response(200, TeamReportSchema)
def read_team_figures(query: dict[str, Any]) -> TeamReport | Response:
    """Read a team's figures with those of its members, or those of all teams together"""
    caller = current_caller()
    viewer = Viewer(caller.reach(Permission.PERFORMANCE_READ) or Reach.TEAM, caller.team_ids)
    report = component(PerformanceReports).of_team(query["team_id"], query["asked"], viewer)
    return _lines(lines.of_team(report), "team") if query["format"] == CSV else report


@blueprint.get("/tickets/volume")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(VolumeQuerySchema, location="query")
@blueprint.doc(responses=ALSO_LINES)
@blueprint.response(200, VolumeReportSchema)
def read_ticket_volume(query: dict[str, Any]) -> VolumeReport | Response:
    """Read how many tickets came and went, and how many were left"""
    report = component(PerformanceReports).volume(
        query["asked"], team_id=query["team_id"], channel=query["channel"]
    )
    return _lines(lines.of_volume(report), "volume") if query["format"] == CSV else report


@blueprint.get("/tickets/channels")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(DaysQuerySchema, location="query")
@blueprint.doc(responses=ALSO_LINES)
@blueprint.response(200, ChannelReportSchema)
def read_channels(query: dict[str, Any]) -> ChannelReport | Response:
    """Read on which channels tickets came, and how they were answered"""
    report = component(PerformanceReports).channels(query["asked"])
    return _lines(lines.of_channels(report), "channels") if query["format"] == CSV else report


@blueprint.get("/customers/churn")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(ChurnQuerySchema, location="query")
@blueprint.doc(responses={200: {**ALSO_LINES[200], "headers": NEXT_PAGE}})
@blueprint.response(200, AtRiskListSchema)
def list_customers_at_risk(query: dict[str, Any]) -> Listing[Row[Any]] | Response:
    """List customers by revenue at risk, currency by currency; of whom it is not known is not there"""
    wanted: RiskFilter = query["wanted"]
    page = RiskPage.asked(page=None, limit=query["limit"], cursor=query["cursor"])
    listing = component(CustomersAtRisk).listing(wanted, page)
    if query["format"] != CSV:
        return listing
    return _lines(lines.of_customers(listing.rows), "churn", next_page(listing))


def _lines(text: str, name: str, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    told = {"Content-Disposition": f'attachment; filename="{name}.csv"', **headers}
    return Response(text, 200, told, content_type="text/csv; charset=utf-8")
