"""`/api/admin/providers`."""

from typing import Any

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.provider_control.records import ProviderChange
from service.provider_control.schemas import (
    HistoryQuerySchema,
    HistorySchema,
    ProviderChangeSchema,
    ProviderDetailSchema,
    ProvidersSchema,
    ReasonSchema,
    SwitchedSchema,
)
from service.provider_control.services import Overview, ProviderControl, ProviderDetail, Switched
from service.provider_control.switching import Cause, Switches
from service.provider_control.toggles import ToggleState

blueprint = Blueprint(
    "provider_control", __name__, url_prefix="/api/admin/providers", description="Providers, for operators"
)


@blueprint.get("")
@needs(Permission.PROVIDERS_READ)
@blueprint.response(200, ProvidersSchema)
def list_providers() -> Overview:
    """List the providers in the order in which they are asked, and how they do in each process"""
    return component(ProviderControl).overview()


@blueprint.get("/history")
@needs(Permission.PROVIDERS_READ)
@blueprint.arguments(HistoryQuerySchema, location="query")
@blueprint.response(200, HistorySchema)
def list_provider_changes(query: dict[str, Any]) -> Listing[ProviderChange]:
    """List who switched which provider, when and why, newest first"""
    return component(Switches).history(Page.asked(**query))


@blueprint.post("/reset")
@needs(Permission.PROVIDERS_CHANGE)
@blueprint.arguments(ReasonSchema)
@blueprint.response(200, SwitchedSchema)
def reset_providers(body: dict[str, str]) -> Switched:
    """Enable all providers again, in the order that is configured"""
    return _told(component(Switches).reset(_cause(body)))


@blueprint.get("/<id:name>")
@needs(Permission.PROVIDERS_READ)
@blueprint.response(200, ProviderDetailSchema)
def read_provider(name: str) -> ProviderDetail:
    """Read how one provider does in each process"""
    return component(ProviderControl).detail(name)


@blueprint.patch("/<id:name>")
@needs(Permission.PROVIDERS_CHANGE)
@blueprint.arguments(ProviderChangeSchema)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, SwitchedSchema)
def change_provider(body: dict[str, Any], name: str) -> Switched:
    """Enable, disable or place a provider, in every process"""
    return _told(
        component(Switches).change(
            name, enabled=body["enabled"], position=body["position"], cause=_cause(body)
        )
    )


@blueprint.post("/<id:name>/reset-circuit")
@needs(Permission.PROVIDERS_CHANGE)
@blueprint.arguments(ReasonSchema)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, SwitchedSchema)
def reset_provider_circuit(body: dict[str, str], name: str) -> Switched:
    """Close a provider's circuits and end its pause, in every process"""
    return _told(component(Switches).reset_circuit(name, _cause(body)))


def _cause(body: dict[str, Any]) -> Cause:
    return Cause(actor=current_caller().id, reason=body["reason"])


def _told(state: ToggleState) -> Switched:
    return component(ProviderControl).told(state)
