"""Who may change which agent, and make them what."""

from dataclasses import dataclass

from service.agents.models import Agent
from service.errors import Forbidden
from service.permissions import Reach, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Editor:
    """Who changes agents and teams. `actor` is the caller's id; `role` None: a key, which has none above it.

    `reach` is that of the permission which let them in, and `team_ids` are their own.
    """

    actor: str
    role: Role | None = None
    agent_id: str | None = None
    team_ids: frozenset[str] = frozenset()
    reach: Reach = Reach.ANY

    def is_above(self, role: Role) -> bool:
        """Nobody is above admins, so they are above each other."""
        return self.role in {None, Role.ADMIN} or (self.role is not None and self.role.outranks(role))

    def check_may_edit(self, agent: Agent) -> None:
        """Raises `Forbidden`."""
        if agent.id != self.agent_id and not self.is_above(agent.role):
            raise Forbidden(f"The role {agent.role.value} is not below yours; ask somebody who is above it.")

    def check_may_give(self, role: Role) -> None:
        """Raises `Forbidden`."""
        if not self.is_above(role):
            raise Forbidden(f"The role {role.value} is not below yours, and not yours to give.")

    def check_may_move(self, agent: Agent, team_ids: frozenset[str]) -> None:
        """Into a team or out of it; `team_ids`: where the agent is now. Raises `Forbidden`."""
        self.check_may_edit(agent)
        if self.reach < Reach.ANY and team_ids and self.team_ids.isdisjoint(team_ids):
            raise Forbidden("This agent is in teams of others; ask somebody who may change any team.")
