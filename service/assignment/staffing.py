"""Who could take a ticket, and how much who has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from service.assignment import staff_queries
from service.assignment.strategies.language import primary
from service.database import Database
from service.errors import NotFound
from service.permissions import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableAgent:
    id: str
    name: str
    role: Role
    department: str | None
    languages: Sequence[str]
    specialisations: Sequence[str]
    load: int
    capacity: int
    last_assigned_at: datetime | None

    @property
    def room(self) -> int:
        return self.capacity - self.load

    def speaks(self, language: str) -> bool:
        """Whatever the region."""
        return primary(language) in map(primary, self.languages)

    def knows(self, specialisation: str) -> bool:
        return specialisation.casefold() in map(str.casefold, self.specialisations)


@dataclass(frozen=True, slots=True)
class Available:
    agents: Sequence[AvailableAgent]
    agents_truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`open` and `pending` make up the `load`; `unaccepted` are of these."""

    open: int
    pending: int
    unaccepted: int
    load: int
    capacity: int

    @property
    def over_capacity(self) -> bool:
        return self.load > self.capacity


class Staffing:
    def __init__(self, database: Database) -> None:
        self._database = database

    def available(
        self, *, team_id: str | None = None, language: str | None = None, specialisation: str | None = None
    ) -> Available:
        """Those with most room first, of a team or of all."""
        with self._database.reading() as session:
            rows = staff_queries.with_room(session, team_id)
        agents = [
            agent
            for agent in map(_available, rows)
            if (language is None or agent.speaks(language))
            and (specialisation is None or agent.knows(specialisation))
        ]
        return Available(agents, agents_truncated=len(rows) == staff_queries.MOST_CANDIDATES)

    def workload(self, agent_id: str) -> Workload:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            row = staff_queries.workload(session, agent_id)
        if row is None:
            raise NotFound("agent", agent_id)
        return Workload(**row._asdict())


def _available(row: Row[Any]) -> AvailableAgent:
    return AvailableAgent(**row._asdict())
