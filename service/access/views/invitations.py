"""`/api/agents/{id}/invitation`."""

from service.access.schemas import InvitedSchema
from service.access.services import Credentials, Invited
from service.agents.views.editors import editor
from service.http.callers import needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("invitations", __name__, url_prefix="/api/agents", description="Who may set a password")


@blueprint.post("/<id:agent_id>/invitation")
@needs(Permission.AGENTS_CREATE)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, InvitedSchema)
def invite_agent(agent_id: str) -> Invited:
    """Invite an agent to set a password; an earlier invitation is void"""
    return component(Credentials).invite(agent_id, editor=editor(Permission.AGENTS_CREATE))
