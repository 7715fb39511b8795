"""`/api/system/configuration`: by what customers are described."""

from typing import Any

from providers.axes import AXES
from service import __version__
from service.desk.schemas.configuration import ConfigurationSchema
from service.http.callers import needs
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint(
    "configuration", __name__, url_prefix="/api/system", description="What is described how"
)


@blueprint.get("/configuration")
@needs(Permission.CONFIGURATION_READ)
@blueprint.response(200, ConfigurationSchema)
def read_configuration() -> dict[str, Any]:
    """Read the axes of customer DNA, with their segments"""
    return {"version": __version__, "axis_count": len(AXES), "axes": AXES}
