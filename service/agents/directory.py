"""Who an agent is, for the gate and for lists: remembered for seconds, so that a request asks nobody."""

import threading
from collections.abc import Collection

from cachetools import TTLCache

from providers.ports import Clock
from service.agents import queries
from service.database import Database
from service.http.ownership import KnownAgent

REMEMBERED_S = 3
"""What changes, changes in every process within five seconds, also for a request that had just begun."""

REMEMBERED_AGENTS = 10_000
REMEMBERED_TEAMS = 1_000


class AgentDirectory:
    """Implements the port of the gate."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._agents: TTLCache[str, KnownAgent] = TTLCache(
            REMEMBERED_AGENTS, REMEMBERED_S, timer=clock.monotonic
        )
        self._with: TTLCache[frozenset[str], frozenset[str]] = TTLCache(
            REMEMBERED_TEAMS, REMEMBERED_S, timer=clock.monotonic
        )
        self._lock = threading.Lock()

    def find(self, agent_id: str) -> KnownAgent | None:
        """One who was deactivated is found, as not active."""
        with self._lock:
            known = self._agents.get(agent_id)
        if known is not None:
            return known
        with self._database.reading() as session:
            rows = queries.known_by_teams(session, agent_id)
        if not rows:
            return None
        first = rows[0]
        known = KnownAgent(
            id=first.id,
            name=first.name,
            email=first.email,
            role=first.role,
            active=first.active,
            team_ids=frozenset(row.team_id for row in rows if row.team_id is not None),
        )
        with self._lock:
            self._agents[agent_id] = known
        return known

    def agents_with(self, team_ids: Collection[str]) -> frozenset[str]:
        """Ids of those who are in one of the teams, and of those who are in none at all."""
        teams = frozenset(team_ids)
        with self._lock:
            known = self._with.get(teams)
        if known is not None:
            return known
        with self._database.reading() as session:
            known = queries.agents_with(session, teams)
        with self._lock:
            self._with[teams] = known
        return known

    def forget(self) -> None:
        """Something about agents or teams changed here; other processes learn it when their time is over."""
        with self._lock:
            self._agents.clear()
            self._with.clear()
