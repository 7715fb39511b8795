"""Which events a caller sees: a pure rule, of what the caller may do and whose a ticket is."""

from dataclasses import dataclass
from typing import Self

from service import events
from service.feed.following import FedEvent
from service.http.callers import Caller
from service.permissions import Owners, Permission, Reach

KNOWN_TYPES = {kind.name: kind for kind in vars(events).values() if isinstance(kind, events.EventType)}
OF_THE_AUDIT = frozenset(name for name, kind in KNOWN_TYPES.items() if kind.audited)

NAMING = ("assigned_to", "agent_id")
"""What an event calls the agent whom it is about, where that is not its subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """`reach`: of the tickets whose events are seen. Equal ones see the same."""

    agent_id: str | None
    team_ids: frozenset[str]
    reach: Reach
    reads_audit: bool

    @classmethod
    def of(cls, caller: Caller) -> Self | None:
        """None for one who sees no events at all."""
        reach = caller.reach(Permission.EVENTS_READ)
        if reach is None:
            return None
        return cls(
            agent_id=caller.agent_id,
            team_ids=caller.team_ids,
            reach=reach,
            reads_audit=caller.reach(Permission.AUDIT_READ) is not None,
        )

    @property
    def sees_all_tickets(self) -> bool:
        return self.reach is Reach.ANY

    def sees(self, event: FedEvent, owners: Owners | None) -> bool:
        """`owners`: of its ticket as it is now; not asked of one who sees all tickets.

        What the audit keeps and no ticket is about is for those who may read the audit.
        """
        if self.agent_id is not None and _names(event, self.agent_id):
            return True
        if event.ticket_id is None and event.type in OF_THE_AUDIT and not self.reads_audit:
            return False
        if self.sees_all_tickets:
            return True
        if event.ticket_id is None or owners is None or self.agent_id is None:
            return False
        return owners.reach_of(self.agent_id, self.team_ids) <= self.reach


def _names(event: FedEvent, agent_id: str) -> bool:
    if event.subject_type == "agent" and event.subject_id == agent_id:
        return True
    told = (event.before or {}, event.after or {})
    return any(fields.get(name) == agent_id for fields in told for name in NAMING)
