"""`/api/analytics`."""

from typing import Any

from service.analytics.schemas import DraftQuerySchema, DraftReportSchema
from service.analytics.services import DraftAnalytics, DraftReport
from service.http.callers import needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint(
    "analytics", __name__, url_prefix="/api/analytics", description="Figures of the desk over time"
)


@blueprint.get("/drafts")
@needs(Permission.ANALYTICS_READ)
@blueprint.arguments(DraftQuerySchema, location="query")
@blueprint.response(200, DraftReportSchema)
def read_draft_report(query: dict[str, Any]) -> DraftReport:
    """Read how many drafts were generated, and what became of them"""
    return component(DraftAnalytics).report(**query)
