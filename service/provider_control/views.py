"""`/api/admin/providers`."""

from service.http.callers import Scope, needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.provider_control.schemas import ProvidersSchema
from service.provider_control.services import ProviderControl, ProviderState

blueprint = Blueprint(
    "provider_control", __name__, url_prefix="/api/admin/providers", description="Providers, for operators"
)


@blueprint.get("")
@needs(Scope.ADMIN)
@blueprint.response(200, ProvidersSchema)
def list_providers() -> dict[str, list[ProviderState]]:
    """List the providers in the order in which they are asked, and how they do"""
    return {"providers": component(ProviderControl).states()}
