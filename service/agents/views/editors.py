"""The caller as one who changes agents and teams."""

from service.agents.services import Editor
from service.errors import Forbidden
from service.http.callers import current_caller
from service.permissions import Permission, Reach


def editor(permission: Permission) -> Editor:
    """By the permission that let the caller in."""
    caller = current_caller()
    return Editor(
        actor=caller.id,
        role=caller.role,
        agent_id=caller.agent_id,
        team_ids=caller.team_ids,
        reach=caller.reach(permission) or Reach.OWN,
    )


def own_agent_id() -> str:
    """Raises `Forbidden` for a caller who is no agent: a key, or who needs none in development."""
    agent_id = current_caller().agent_id
    if agent_id is None:
        raise Forbidden("This caller is no agent; sign in as one.")
    return agent_id
