"""What is kept of each promise: made from the history, whoever asks, and told once.

The follower, the due moments and the renewals all come here, one at a time, so that what one of them tells of
a promise none of the others tells again. What decides is always the history as it is by now.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.events import SLA_BREACHED, SLA_WARNING, Event, EventLog, EventType, about_ticket
from service.sla.policies import Policies, Target
from service.sla.timeline import Cycle, State, Status, cycles
from service.sla.tracking import queries
from service.sla.tracking.counters import count, counted
from service.sla.tracking.histories import TrackedTicket, tracked
from service.sla.tracking.judging import Judged, Points, judge
from service.sla.tracking.models import KeptTarget

LATE_AFTER = timedelta(minutes=1)
"""Nobody looked for so long, though there was something to see."""

THE_SERVICE = "service"
MICROSECOND = timedelta(microseconds=1)

Key = tuple[Target, datetime]


class PolicySource(Protocol):
    def fresh(self, session: Session) -> Policies:
        """As they are by now, in their order."""


class TargetKeeping:
    def __init__(self, events: EventLog, policies: PolicySource, clock: Clock, points: Points) -> None:
        self.points = points
        self._events = events
        self._policies = policies
        self._clock = clock

    def policies(self, session: Session) -> Policies:
        return self._policies.fresh(session)

    def bring_up(
        self, session: Session, ticket_ids: Sequence[str], *, ruled_anew: bool = False
    ) -> Mapping[str, int]:
        """The promises to these tickets, as they are by now, with what there is to tell of them.

        `ruled_anew`: since policies, or what they ask for, are others: that they were promised nothing
        before is no sign that nobody looked.
        """
        since = queries.held_since(session)
        policies, now = self._policies.fresh(session), self._clock.now()
        tickets = tracked(session, ticket_ids, since)
        kept: defaultdict[str, dict[Key, KeptTarget]] = defaultdict(dict)
        for row in queries.kept_of(session, ticket_ids):
            kept[row.ticket_id][row.target, row.cycle_at] = row
        told: list[Event] = []
        new: list[KeptTarget] = []
        scores: dict[str, float] = {}
        for ticket in tickets:
            changed_at = now if ruled_anew else ticket.changed_at
            renewal = _Renewal(session, ticket, policies, kept[ticket.id], now, changed_at=changed_at)
            told += renewal.made()
            new += renewal.new
            score = self.points.of_ticket(ticket, renewal.unmet())
            if score != ticket.score:
                scores[ticket.id] = score
        queries.add(session, new)
        queries.score(session, scores)
        self._events.record_all(session, told)
        kinds = [event.type for event in told]
        return {
            "tickets": len(tickets),
            "warnings": kinds.count(SLA_WARNING),
            "breaches": kinds.count(SLA_BREACHED),
        }


class _Renewal:
    """Of one ticket's promises. `new`: those that were not kept before, and are still to be added."""

    def __init__(
        self,
        session: Session,
        ticket: TrackedTicket,
        policies: Policies,
        kept: dict[Key, KeptTarget],
        now: datetime,
        *,
        changed_at: datetime,
    ) -> None:
        self._session = session
        self._ticket = ticket
        self._policy = policies.matching(ticket.facts)
        self._kept = kept
        self._now = now
        self._changed_at = changed_at
        self.new: list[KeptTarget] = []

    def made(self) -> Iterator[Event]:
        """What there is to tell."""
        there = cycles(self._ticket.history)
        gone = self._kept.keys() - {(cycle.target, cycle.key) for cycle in there}
        for key in sorted(gone):
            self._withdraw(self._kept[key])
        for cycle in there:
            row = self._kept.get((cycle.target, cycle.key))
            if row is not None and is_settled(row, cycle):
                self._place(row)
                continue
            judged = judge(self._policy, cycle, self._now)
            if judged is not None:
                expected_at = row.next_check_at if row is not None else None
                row = row or self._new(cycle)
                self._keep(row, judged)
                yield from self._told(row, judged.state, expected_at)
            elif row is not None:
                self._withdraw(row)

    def unmet(self) -> Iterator[Status]:
        return (row.status for row in self._kept.values() if row.policy_id and row.met_at is None)

    def _new(self, cycle: Cycle) -> KeptTarget:
        row = KeptTarget(ticket_id=self._ticket.id, target=cycle.target, cycle_at=cycle.key)
        self.new.append(row)
        self._kept[cycle.target, cycle.key] = row
        return row

    def _keep(self, row: KeptTarget, judged: Judged) -> None:
        policy, state = judged.policy, judged.state
        row.policy_id, row.policy_version = policy.id, policy.version
        row.calendar_id, row.calendar_version = policy.calendar_id, policy.calendar_version
        row.length_s = int(judged.terms.length / timedelta(seconds=1))
        row.begin, row.status = state.begin, state.status
        row.warn_at, row.due_at, row.next_check_at = state.warn_at, state.due_at, state.next_at
        row.elapsed_us = state.elapsed // MICROSECOND
        row.breached_at, row.met_at, row.paused_since = state.breached_at, state.met_at, state.paused_since
        self._place(row)
        row.made_at = self._now
        self._count(row, _outcome(row))

    def _place(self, row: KeptTarget) -> None:
        """Where it is found: with its ticket."""
        ticket = self._ticket
        row.priority, row.team_id = ticket.priority, ticket.team_id
        row.agent_id, row.owned_by = ticket.agent_id, ticket.owned_by

    def _withdraw(self, row: KeptTarget) -> None:
        """Nothing is promised any more. That it was told stays: it is not told again."""
        row.policy_id = row.policy_version = row.calendar_id = row.calendar_version = row.length_s = None
        row.warn_at = row.due_at = row.next_check_at = None
        row.breached_at = row.met_at = row.paused_since = None
        row.status = Status.WITHIN_SLA
        row.made_at = self._now
        self._count(row, None)

    def _count(self, row: KeptTarget, outcome: tuple[str, datetime] | None) -> None:
        """In one place of each counter, or in none."""
        now_as = None
        if outcome is not None:
            now_as = counted(
                *outcome,
                policy_id=str(row.policy_id),
                priority=row.priority,
                team_id=row.team_id,
                agent_id=row.agent_id,
            )
        before = row.counted
        if before and now_as and all(before[name] == now_as[name] for name in ("outcome", "at", "policy")):
            return
        for what, by in ((before, -1), (now_as, 1)):
            if what:
                count(self._session, row.target, what, by)
        if before != now_as:
            row.counted = now_as

    def _told(self, row: KeptTarget, state: State, expected_at: datetime | None) -> Iterator[Event]:
        """`expected_at`: when something was due by what was kept before; None where nothing was."""
        if state.breached_at is not None and row.breach_told_at is None:
            row.breach_told_at = self._now
            yield self._event(SLA_BREACHED, row, state.breached_at, expected_at)
        elif state.status is Status.AT_RISK and row.warning_told_at is None and state.warned_at is not None:
            row.warning_told_at = self._now
            yield self._event(SLA_WARNING, row, state.warned_at, expected_at)

    def _event(
        self, kind: EventType, row: KeptTarget, moment: datetime, expected_at: datetime | None
    ) -> Event:
        told: dict[str, Any] = {
            "target": row.target,
            "policy_id": row.policy_id,
            "begin": row.begin,
            "due_at": row.due_at,
            "happened_at": moment,
            "late": self._now - (expected_at or max(moment, self._changed_at)) > LATE_AFTER,
            "priority": row.priority,
            "team_id": row.team_id,
            "agent_id": row.agent_id,
        }
        return about_ticket(kind, row.ticket_id, actor=THE_SERVICE, at=self._now, after=told)


def is_settled(row: KeptTarget, cycle: Cycle) -> bool:
    """It was judged when it was done, and that stays."""
    return row.policy_id is not None and row.met_at is not None and row.met_at == cycle.ended_at


def _outcome(row: KeptTarget) -> tuple[str, datetime] | None:
    if row.breached_at is not None:
        return Status.BREACHED.value, row.breached_at
    return (Status.MET.value, row.met_at) if row.met_at is not None else None
