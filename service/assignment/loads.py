"""How many tickets each agent has, changed last of all in a transaction: so nobody waits in a ring.

Whether there is room is told by the statement that takes it, so capacity holds whatever else goes on.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.assignment import queries
from service.errors import Conflict
from service.identifiers import new_id
from service.tickets.handing import Handing
from service.writes import WritingSession

ANY_NUMBER = 2**31 - 1


class NoRoom(Conflict):
    """The agent has as many tickets as they may have at once."""

    def __init__(self, agent_id: str, *, load: int, capacity: int, field: str) -> None:
        super().__init__(
            f"{field}: this agent's load is {load}, and the capacity {capacity}; choose another agent, or "
            "send over_capacity: true to …/assign, which takes the permission "
            "'tickets.assign_beyond_capacity'."
        )
        self.agent_id = agent_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A ticket that becomes an agent's, or is again (`again`: the id of the assignment that goes on)."""

    ticket_id: str
    agent_id: str
    team_id: str | None
    capacity: int
    handing: Handing
    actor: str
    at: datetime
    again: str | None = None

    @property
    def must_fit(self) -> bool:
        return self.again is None and not self.handing.may_exceed

    def row(self, *, over_capacity: bool) -> dict[str, Any]:
        by_themselves = self.actor == f"agent:{self.agent_id}"
        return {
            "id": new_id("assignment"),
            "ticket_id": self.ticket_id,
            "agent_id": self.agent_id,
            "team_id": self.team_id,
            "reason": self.handing.reason,
            "strategies": list(self.handing.strategies),
            "why": self.handing.why,
            "assigned_by": self.actor,
            "over_capacity": over_capacity,
            "assigned_at": self.at,
            "accepted_at": self.at if by_themselves else None,
        }


Tell = Callable[[Session, Sequence[tuple[Taken, bool]]], None]
"""Hears of what was newly given, each with whether it is beyond the agent's capacity."""


class LoadChanges:
    """Of one transaction, or savepoint; the `LastWord` of it."""

    def __init__(self) -> None:
        self._freed: Counter[str] = Counter()
        self._taken: dict[str, list[Taken]] = defaultdict(list)
        self._tell: Tell | None = None

    @classmethod
    def of(cls, session: Session) -> "LoadChanges":
        if not isinstance(session, WritingSession):
            raise TypeError("only sessions of Database.writing() write")
        return session.last_word(cls)

    def free(self, agent_id: str) -> None:
        self._freed[agent_id] += 1

    def take(self, taken: Taken, tell: Tell) -> None:
        self._taken[taken.agent_id].append(taken)
        self._tell = tell

    def write(self, session: WritingSession) -> None:
        """Raises `NoRoom`. Agents in the order of their ids, one after the other where one must be asked."""
        if not self._taken:
            queries.free(session, dict(sorted(self._freed.items())))
            return
        session.flush()  # what may wait for others comes before the loads, which many wait for
        given: list[tuple[Taken, bool]] = []
        for agent_id in sorted({*self._freed, *self._taken}):
            given += self._change(session, agent_id, self._taken.get(agent_id, []))
        for taken, over in given:
            if taken.again is not None and over:
                queries.tell_over_capacity(session, taken.again)
        new = [(taken, over) for taken, over in given if taken.again is None]
        queries.insert_assignments(session, [taken.row(over_capacity=over) for taken, over in new])
        if new and self._tell is not None:
            self._tell(session, new)

    def _change(self, session: Session, agent_id: str, taken: Sequence[Taken]) -> list[tuple[Taken, bool]]:
        change = len(taken) - self._freed[agent_id]
        if not taken:
            queries.free(session, {agent_id: -change})
            session.connection()  # sends it: the next agent's comes after it
            return []
        capacity, new = taken[0].capacity, [one for one in taken if one.again is None]
        bound = capacity if change > 0 and all(one.must_fit for one in taken) else ANY_NUMBER
        at = max((one.at for one in new), default=None)
        load = queries.take(session, agent_id, change, at=at, most=bound)
        if load is None:
            present, field = queries.load_of(session, agent_id), taken[0].handing.field
            raise NoRoom(agent_id, load=present, capacity=capacity, field=field)
        fitting = len(taken) - max(0, load - capacity)
        return [(one, number >= fitting) for number, one in enumerate(taken)]
