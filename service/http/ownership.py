"""Whose is what an address names: the gate's questions, as ports that the domains answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from service.errors import Forbidden, NotFound
from service.permissions import Owners, Permission, Reach, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """One agent as the gate needs it; at most 3 s old."""

    id: str
    name: str
    email: str
    role: Role
    active: bool
    team_ids: frozenset[str]


class AgentDirectory(Protocol):
    def find(self, agent_id: str) -> KnownAgent | None:
        """One who was deactivated is found, as not active."""
        ...


class Ownership(Protocol):
    """One indexed statement each; what is deleted has owners too. None: there is no such thing."""

    def of_ticket(self, ticket_id: str) -> Owners | None: ...
    def of_message(self, message_id: str) -> Owners | None: ...


class NoAgents:
    """An `AgentDirectory` where there are none."""

    def find(self, agent_id: str) -> KnownAgent | None:
        return None


class NobodysTickets:
    """An `Ownership` where there are no agents: what every agent reaches."""

    def of_ticket(self, ticket_id: str) -> Owners | None:
        return Owners()

    def of_message(self, message_id: str) -> Owners | None:
        return Owners()


@dataclass(frozen=True, slots=True)
class Named:
    """What an address names: `ticket`, `message`, `agent` or `team`."""

    kind: str
    id: str

    @classmethod
    def by(cls, arguments: Mapping[str, Any]) -> "Named | None":
        """None where it names nothing that has owners. `arguments`: of the rule, by their names."""
        for kind, argument in _ARGUMENTS:
            if argument in arguments:
                return cls(kind, arguments[argument])
        return None

    @property
    def of_a_ticket(self) -> bool:
        return self.kind in {"ticket", "message"}

    def not_there(self) -> NotFound:
        return NotFound(self.kind, self.id)


_ARGUMENTS = (
    ("ticket", "ticket_id"),
    ("message", "message_id"),
    ("team", "team_id"),
    ("agent", "agent_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far an agent gets with a permission: `reach`. What is further than `readable` is not there."""

    agent_id: str
    team_ids: frozenset[str]
    permission: Permission
    reach: Reach
    readable: Reach

    def check(self, named: Named, needed: Reach) -> None:
        """Raises `NotFound` and `Forbidden`."""
        if self.readable < needed:
            raise named.not_there()
        if self.reach < needed:
            raise Forbidden(f"The permission {self.permission.value!r} does not reach this {named.kind}.")


@dataclass(frozen=True, slots=True)
class Reaching:
    ownership: Ownership
    directory: AgentDirectory

    def needed(self, named: Named, agent_id: str, team_ids: frozenset[str]) -> Reach:
        """The least reach with which this agent gets there. Raises `NotFound`."""
        match named.kind:
            case "ticket":
                return self._of(named, self.ownership.of_ticket(named.id), agent_id, team_ids)
            case "message":
                return self._of(named, self.ownership.of_message(named.id), agent_id, team_ids)
            case "agent":
                return self._to_agent(named, agent_id, team_ids)
            case _:
                return Reach.TEAM if named.id in team_ids else Reach.ANY

    def _of(self, named: Named, owners: Owners | None, agent_id: str, team_ids: frozenset[str]) -> Reach:
        if owners is None:
            raise named.not_there()
        return owners.reach_of(agent_id, team_ids)

    def _to_agent(self, named: Named, agent_id: str, team_ids: frozenset[str]) -> Reach:
        if named.id == agent_id:
            return Reach.OWN
        found = self.directory.find(named.id)
        if found is None:
            raise named.not_there()
        return Reach.ANY if found.team_ids.isdisjoint(team_ids) else Reach.TEAM
