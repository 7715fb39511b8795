"""`/api/agents`."""

from typing import Any

from flask import url_for

from service.agents.models import AgentStatus
from service.agents.schemas.agents import (
    AgentChangeSchema,
    AgentListSchema,
    AgentQuerySchema,
    NewAgentSchema,
    OwnStatusSchema,
    ToldAgentSchema,
)
from service.agents.services import AgentChange, AgentService, NewAgent, ToldAgent
from service.agents.views.editors import editor, own_agent_id
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("agents", __name__, url_prefix="/api/agents", description="Who works at the desk")

Told = tuple[dict[str, ToldAgent], int, dict[str, str]]


@blueprint.get("")
@needs(Permission.AGENTS_READ)
@blueprint.arguments(AgentQuerySchema, location="query")
@blueprint.response(200, AgentListSchema)
def list_agents(query: dict[str, Any]) -> Listing[ToldAgent]:
    """List agents in the order in which they came"""
    wanted = query.pop("filter")
    return component(AgentService).listing(wanted, Page.asked(**query))


@blueprint.post("")
@needs(Permission.AGENTS_CREATE)
@blueprint.arguments(NewAgentSchema)
@idempotent
@blueprint.response(201, ToldAgentSchema)
def create_agent(new: NewAgent) -> Told:
    """Create an agent, who cannot sign in yet"""
    told = component(AgentService).create(new, by=editor(Permission.AGENTS_CREATE))
    where = {"Location": url_for("agents.read_agent", agent_id=told.agent.id)}
    return {"agent": told}, 201, where | etag(told.agent.version)


@blueprint.get("/me")
@needs(Permission.ACCOUNT_READ)
@blueprint.response(200, ToldAgentSchema)
def read_own_agent() -> Told:
    """Read the agent who calls"""
    return _told(component(AgentService).read(own_agent_id()))


@blueprint.patch("/me")
@needs(Permission.ACCOUNT_CHANGE)
@blueprint.arguments(OwnStatusSchema)
@blueprint.response(200, ToldAgentSchema)
def change_own_status(change: dict[str, Any]) -> Told:
    """Change whether the agent who calls is there"""
    status = AgentStatus(change["status"])
    return _told(component(AgentService).set_status(own_agent_id(), status, actor=current_caller().id))


@blueprint.get("/<id:agent_id>")
@needs(Permission.AGENTS_READ)
@blueprint.response(200, ToldAgentSchema)
def read_agent(agent_id: str) -> Told:
    """Read an agent"""
    return _told(component(AgentService).read(agent_id))


@blueprint.patch("/<id:agent_id>")
@needs(Permission.AGENTS_CHANGE)
@blueprint.arguments(AgentChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldAgentSchema)
def change_agent(change: AgentChange, headers: dict[str, Any], agent_id: str) -> Told:
    """Change an agent: what is not named stays as it is"""
    by = editor(Permission.AGENTS_CHANGE)
    return _told(component(AgentService).change(agent_id, change, by=by, expected=headers["expected"]))


@blueprint.delete("/<id:agent_id>")
@needs(Permission.AGENTS_DEACTIVATE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(204)
def deactivate_agent(headers: dict[str, Any], agent_id: str) -> None:
    """Deactivate an agent, who can do nothing until reactivated; nothing is deleted"""
    by = editor(Permission.AGENTS_DEACTIVATE)
    component(AgentService).deactivate(agent_id, by=by, expected=headers["expected"])


@blueprint.post("/<id:agent_id>/reactivate")
@needs(Permission.AGENTS_DEACTIVATE)
@blueprint.response(200, ToldAgentSchema)
def reactivate_agent(agent_id: str) -> Told:
    """Reactivate an agent"""
    return _told(component(AgentService).reactivate(agent_id, by=editor(Permission.AGENTS_DEACTIVATE)))


def _told(told: ToldAgent) -> Told:
    return {"agent": told}, 200, etag(told.agent.version)
