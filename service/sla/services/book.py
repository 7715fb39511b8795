"""The policies and calendars that hold: remembered for seconds, since they are read for every ticket."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.agents.services import departments_of
from service.database import Database, DatabaseUnavailable
from service.sla import queries
from service.sla.parsing import calendar_of, policy_of
from service.sla.policies import Policies, TicketFacts
from service.sla.working_time import Calendar

REMEMBERED_S = 3
"""What changes, changes in every process within five seconds, also for a request that had just begun."""

ATTEMPTS = 3


class KeptTicket(Protocol):
    """What of a ticket's row policies ask for; attributes as of `Ticket`."""

    priority: Any
    channel: Any
    team_id: Any
    churn_risk: Any
    lifetime_value: Any
    tags: Any


@dataclass(frozen=True, slots=True)
class _Read:
    """`calendars` by id, with their versions. `at` in seconds of the clock."""

    policies: Policies
    calendars: Mapping[str, tuple[int, Calendar]]
    at: float


class PolicyBook:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._read: _Read | None = None
        self._calendars: Mapping[str, tuple[int, Calendar]] = {}
        self._changes = 0

    def policies(self) -> Policies:
        return self._present().policies

    def calendar(self, calendar_id: str) -> Calendar | None:
        """None where there is none of this id."""
        _, calendar = self._present().calendars.get(calendar_id, (0, None))
        return calendar

    def forget(self) -> None:
        """Something changed here; other processes learn it when their time is over."""
        with self._lock:
            self._read = None
            self._changes += 1

    def _present(self) -> _Read:
        now = self._clock.monotonic()
        with self._lock:
            read, changes = self._read, self._changes
        if read is not None and now - read.at < REMEMBERED_S:
            return read
        with self._database.reading() as session:
            read = self._loaded(session, now)
        with self._lock:
            if changes == self._changes:  # else what was read may be from before the change
                self._read = read
            self._calendars = read.calendars
        return read

    def _loaded(self, session: Session, now: float) -> _Read:
        """Calendars that have not changed are not read again. Raises `DatabaseUnavailable`."""
        for _ in range(ATTEMPTS):
            rows = queries.policies_in_order(session)
            calendars = self._loaded_calendars(session)
            if all(row.calendar_id in calendars for row in rows):
                policies = []
                for row in rows:
                    version, calendar = calendars[row.calendar_id]
                    policies.append(policy_of(row, calendar, version))
                return _Read(Policies(tuple(policies)), calendars, now)
        raise DatabaseUnavailable("policies and their calendars changed whenever they were read")

    def _loaded_calendars(self, session: Session) -> Mapping[str, tuple[int, Calendar]]:
        known = self._calendars
        versions = {row.id: row.version for row in queries.calendar_versions(session)}
        kept = {key: known[key] for key, version in versions.items() if known.get(key, (0,))[0] == version}
        missing = queries.calendars_among(session, versions.keys() - kept.keys())
        return kept | {row.id: (row.version, calendar_of(row)) for row in missing}


def facts_of(session: Session, tickets: Sequence[KeptTicket]) -> list[TicketFacts]:
    """In one statement for the departments of all their teams."""
    departments = departments_of(session, {ticket.team_id for ticket in tickets if ticket.team_id})
    return [
        TicketFacts(
            priority=ticket.priority,
            channel=ticket.channel,
            tags=frozenset(ticket.tags),
            lifetime_value=ticket.lifetime_value,
            churn_risk=ticket.churn_risk,
            department=departments.get(ticket.team_id),
        )
        for ticket in tickets
    ]
