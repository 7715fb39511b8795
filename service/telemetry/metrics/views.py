"""`/metrics`."""

from flask import request
from werkzeug import Response

from service.http.callers import needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.telemetry.metrics.exposition import Exposition

TEXT = {"type": "string", "example": 'support_requests_shed_total{lane="desk"} 0.0'}

blueprint = Blueprint("metrics", __name__, description="What monitoring reads")


@blueprint.get("/metrics")
@needs(Permission.METRICS_READ)
@blueprint.response(200, TEXT, content_type="text/plain")
def read_metrics() -> Response:
    """Read the figures of all processes, in the text format of Prometheus"""
    return Response.from_app(component(Exposition), request.environ, buffered=True)
