"""Since when agents are there, and in which teams: what their events change of the levels. Pure."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence

from service import events as happenings
from service.feed.following import FedEvent
from service.performance import scopes
from service.performance.histories import AgentHistory
from service.performance.tallies import KNOWN, Tally

TIMED_STATUSES = frozenset({"online", "away", "busy"})


class Presence:
    """An agent's time is the agent's, the desk's, and that of the teams that the agent is in at the time."""

    def __init__(self, agents: MutableMapping[str, AgentHistory], changes: Callable[[str], Tally]) -> None:
        self._agents = agents
        self._changes = changes
        self._kinds: Mapping[str, Callable[[FedEvent, int], None]] = {
            happenings.AGENT_CREATED.name: self._status_told,
            happenings.AGENT_STATUS_CHANGED.name: self._status_told,
            happenings.AGENT_DEACTIVATED.name: self._status_told,
            happenings.TEAM_MEMBER_ADDED.name: self._joined,
            happenings.TEAM_MEMBER_REMOVED.name: self._left,
        }

    def take(self, event: FedEvent, counted_ms: int) -> None:
        """`counted_ms`: the moment at which it counts."""
        kind = self._kinds.get(event.type)
        if kind is not None:
            kind(event, counted_ms)

    def _status_told(self, event: FedEvent, counted_ms: int) -> None:
        status = (event.after or {}).get("status")
        agent = self._agent(event.subject_id)
        if status is None or status == agent.status:
            return
        for scope in (scopes.DESK, scopes.of_agent(event.subject_id), *scopes.of_teams(agent.team_ids)):
            self._change_status(self._changes(scope), agent.status, status, counted_ms)
        agent.status = status

    def _joined(self, event: FedEvent, counted_ms: int) -> None:
        agent_id, team_id = (event.after or {}).get("agent_id"), event.subject_id
        agent = self._agent(agent_id) if agent_id else None
        if agent is not None and team_id not in agent.team_ids:
            self._move(agent, sorted([*agent.team_ids, team_id]), counted_ms)

    def _left(self, event: FedEvent, counted_ms: int) -> None:
        agent_id, team_id = (event.before or {}).get("agent_id"), event.subject_id
        agent = self._agent(agent_id) if agent_id else None
        if agent is not None and team_id in agent.team_ids:
            self._move(agent, [one for one in agent.team_ids if one != team_id], counted_ms)

    def _move(self, agent: AgentHistory, team_ids: Sequence[str], counted_ms: int) -> None:
        before, after = scopes.of_teams(agent.team_ids), scopes.of_teams(team_ids)
        agent.team_ids = list(team_ids)
        for scope in (one for one in before if one not in after):
            self._change_status(self._changes(scope), agent.status, None, counted_ms)
        for scope in (one for one in after if one not in before):
            self._change_status(self._changes(scope), None, agent.status, counted_ms)
        if len(team_ids) > 1:
            for team_id in team_ids:
                self._changes(scopes.sharing_of(team_id)).level(scopes.shared_by(team_ids), 1)

    def _change_status(self, tally: Tally, before: str | None, after: str | None, at_ms: int) -> None:
        tally.level(KNOWN, (after is not None) - (before is not None))
        if before in TIMED_STATUSES:
            tally.enters(before, at_ms, -1)
        if after in TIMED_STATUSES:
            tally.enters(after, at_ms)

    def _agent(self, agent_id: str) -> AgentHistory:
        return self._agents.setdefault(agent_id, AgentHistory())
