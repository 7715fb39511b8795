"""Open tickets whose promises are to be made anew, since policies, calendars or what counts are others."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata

import msgspec
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database
from service.events import (
    SLA_CALENDAR_CHANGED,
    SLA_POLICIES_REORDERED,
    SLA_POLICY_CHANGED,
    SLA_POLICY_CREATED,
    SLA_POLICY_DELETED,
    TEAM_UPDATED,
)
from service.feed.following import FedEvent
from service.sla.policies import Policies
from service.sla.tracking import queries
from service.sla.tracking.judging import Points
from service.sla.tracking.keeping import TargetKeeping
from service.sla.tracking.models import Renewal
from service.tickets.lifecycle import UNSETTLED

AT_ONCE = 200
LONGEST_RUN_S = 1.0
TERMS = {
    "name",
    "calendar_id",
    "first_response_minutes",
    "next_response_minutes",
    "resolution_minutes",
    "warning_share",
}
"""Of a policy, what does not decide which tickets are under it."""

ANY_TICKET = {
    kind.name for kind in (SLA_POLICY_CREATED, SLA_POLICY_CHANGED, SLA_POLICY_DELETED, SLA_POLICIES_REORDERED)
}
OF_RULES = frozenset({*ANY_TICKET, SLA_CALENDAR_CHANGED.name, TEAM_UPDATED.name})

LIBRARIES = ("holidays", "tzdata")
"""Another version may have other holidays, and clocks that go otherwise."""


def to_renew(events: Sequence[FedEvent], policies: Policies) -> Iterator[str | None]:
    """Policies under which all tickets are to be made anew; None for all open ones, under any or none."""
    for event in events:
        changed = set(event.after or {})
        if event.type == SLA_CALENDAR_CHANGED.name:
            yield from (policy.id for policy in policies.in_order if policy.calendar_id == event.subject_id)
        elif event.type == SLA_POLICY_CHANGED.name and changed <= TERMS and not _promises_more(event):
            if changed != {"name"}:
                yield event.subject_id
        elif event.type in ANY_TICKET or (event.type == TEAM_UPDATED.name and "department" in changed):
            yield None


def _promises_more(event: FedEvent) -> bool:
    """A target that was none: under the policy nothing is kept of it by which its tickets would be found."""
    before = event.before or {}
    return any(name.endswith("_minutes") and before[name] is None for name in before)


class TargetRenewing:
    """In short transactions, each of which keeps how far it came: whoever goes on does so from there."""

    def __init__(
        self, database: Database, keeping: TargetKeeping, clock: Clock, *, at_once: int = AT_ONCE
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._clock = clock
        self._at_once = at_once
        self._made_with = _fingerprint(keeping.points)

    def idle(self) -> bool:
        with self._database.reading() as session:
            made = queries.made_with(session) == self._made_with
            return made and not queries.first_renewals(session, 1)

    def run(self) -> Mapping[str, int]:
        """For a second, or until nothing is left."""
        began, renewed = self._clock.monotonic(), 0
        self._begin_where_made_otherwise()
        while (count := self._step()) is not None:
            renewed += count
            if self._clock.monotonic() - began > LONGEST_RUN_S:
                break
        return {"tickets": renewed}

    def _begin_where_made_otherwise(self) -> None:
        with self._database.reading() as session:
            if queries.made_with(session) == self._made_with:
                return
        with self._database.writing() as session:
            state = queries.state(session)
            if state.made_with != self._made_with:
                state.made_with = self._made_with
                queries.renew(session, None)

    def _step(self) -> int | None:
        """How many tickets; None where nothing is left."""
        with self._database.reading() as session:
            if not queries.first_renewals(session, 1):
                return None
        with self._database.writing() as session:
            queries.state(session)
            renewals = queries.first_renewals(session, self._at_once)
            if not renewals:
                return None
            ids = sorted({ticket_id for one in renewals for ticket_id in self._next(session, one)})
            self._keeping.bring_up(session, ids, ruled_anew=True)
            return len(ids)

    def _next(self, session: Session, renewal: Renewal) -> list[str]:
        """The next tickets; the place moves behind them."""
        if renewal.ticket_id is not None:
            session.delete(renewal)
            return [renewal.ticket_id]
        if renewal.policy_id is not None:
            ids = list(queries.next_under(session, renewal.policy_id, renewal.after_id, self._at_once))
            if len(ids) < self._at_once:
                session.delete(renewal)
            else:
                renewal.after_id = ids[-1]
            return ids
        status = renewal.after_status or UNSETTLED[0].value
        after = (renewal.after_created_at, renewal.after_id) if renewal.after_created_at else None
        rows = queries.next_open(session, status, after, self._at_once)
        if len(rows) == self._at_once:
            last = rows[-1]
            renewal.after_status, renewal.after_created_at, renewal.after_id = (
                status,
                last.created_at,
                last.id,
            )
        elif status == UNSETTLED[-1]:
            session.delete(renewal)
        else:
            renewal.after_status, renewal.after_created_at = UNSETTLED[-1].value, None
            renewal.after_id = queries.FIRST
        return [row.id for row in rows]


def _fingerprint(points: Points) -> str:
    parts = [points, *(metadata.version(name) for name in LIBRARIES)]
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()
