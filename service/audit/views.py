"""`/api/audit`."""

from typing import Any

from flask import Response

from service.audit.queries import AuditFilter
from service.audit.schemas import AuditFilterSchema, AuditListSchema, AuditQuerySchema
from service.audit.services import AuditTrail, Entry
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission

LINES = {"type": "string", "example": "id,at,type,actor,address,request_id,subject_type,subject_id"}

blueprint = Blueprint("audit", __name__, url_prefix="/api/audit", description="Who did what, and from where")


@blueprint.get("")
@needs(Permission.AUDIT_READ)
@blueprint.arguments(AuditQuerySchema, location="query")
@blueprint.response(200, AuditListSchema)
def list_audit_entries(query: tuple[AuditFilter, dict[str, Any]]) -> Listing[Entry]:
    """List the entries of the audit, newest first"""
    wanted, asked = query
    return component(AuditTrail).listing(wanted, Page.asked(**asked))


@blueprint.get("/export")
@needs(Permission.AUDIT_READ)
@blueprint.arguments(AuditFilterSchema, location="query")
@blueprint.response(200, LINES, content_type="text/csv")
def export_audit(wanted: AuditFilter) -> Response:
    """Export entries of the audit as CSV, newest first; no cell of it is a formula"""
    lines = component(AuditTrail).lines(wanted, actor=current_caller().id)
    told = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(lines, 200, told, content_type="text/csv; charset=utf-8")
