"""How the promises to one ticket stand: from its history, so that it is right at once; in short, as kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.database import Database
from service.errors import NotFound
from service.sla.policies import Policies, Policy, Target
from service.sla.services import PolicyBook
from service.sla.timeline import Cycle, Status, cycles, pauses_until
from service.sla.tracking import queries
from service.sla.tracking.explaining import Explained, explained
from service.sla.tracking.histories import TrackedTicket, tracked
from service.sla.tracking.judging import Judged, judge
from service.sla.tracking.keeping import MICROSECOND, is_settled
from service.sla.tracking.models import KeptTarget


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """`name` is None once the policy was deleted."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLevel:
    """How a promise stands. `elapsed` and `remaining` in working time, the latter below zero when overdue."""

    target: Target
    policy: NamedPolicy
    length: timedelta
    begin: datetime
    warn_at: datetime | None
    due_at: datetime | None
    elapsed: timedelta
    status: Status
    breached_at: datetime | None
    met_at: datetime | None
    paused_since: datetime | None

    @property
    def remaining(self) -> timedelta:
        return self.length - self.elapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketLevels:
    """`policy`: which one counts for the ticket as it is; None where nothing is promised to it."""

    ticket_id: str
    as_of: datetime
    policy: NamedPolicy | None
    targets: Sequence[TargetLevel]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedLevels:
    ticket_id: str
    as_of: datetime
    policy: NamedPolicy | None
    targets: Sequence[Explained]


@dataclass(frozen=True, slots=True)
class _Found:
    """The newest cycle of a target, judged now or, where it is done, as it was then."""

    cycle: Cycle
    judged: Judged | None
    kept: KeptTarget | None


class ServiceLevels:
    def __init__(self, database: Database, book: PolicyBook, clock: Clock) -> None:
        self._database = database
        self._book = book
        self._clock = clock

    def of(self, ticket_id: str) -> TicketLevels:
        """Raises `NotFound`."""
        ticket, policies, kept, now = self._read(ticket_id)
        policy = policies.matching(ticket.facts)
        return TicketLevels(
            ticket_id=ticket_id,
            as_of=now,
            policy=_named(policy),
            targets=[_level(found, policies) for found in _newest(ticket, policy, kept, now)],
        )

    def explained(self, ticket_id: str) -> ExplainedLevels:
        """What the time of each promise was made of. Raises `NotFound`."""
        ticket, policies, kept, now = self._read(ticket_id)
        policy = policies.matching(ticket.facts)
        told = []
        for found in _newest(ticket, policy, kept, now):
            row = found.kept if found.judged is None else None
            until = found.cycle.ended_at or now
            calendar = found.judged.terms.calendar if found.judged else self._book.calendar(_calendar_of(row))
            if calendar is None:
                continue
            told.append(
                explained(
                    found.cycle.target,
                    calendar,
                    begin=found.cycle.begin,
                    until=until,
                    pauses=pauses_until(found.cycle, until),
                    judged=None if row is None else row.elapsed_us * MICROSECOND,
                )
            )
        return ExplainedLevels(ticket_id=ticket_id, as_of=now, policy=_named(policy), targets=told)

    def in_short(self, session: Session, ticket_id: str) -> "LevelsInShort | None":
        """In one statement, as kept. None where nothing is promised, or not known yet."""
        rows = queries.newest_kept(session, ticket_id)
        return LevelsInShort.of(rows, self._clock.now()) if rows else None

    def _read(
        self, ticket_id: str
    ) -> tuple[TrackedTicket, Policies, Mapping[tuple[Target, datetime], KeptTarget], datetime]:
        policies, now = self._book.policies(), self._clock.now()
        with self._database.reading() as session:
            found = tracked(session, [ticket_id], queries.since(session))
            if not found or found[0].deleted:
                raise NotFound("ticket", ticket_id)
            kept = {(row.target, row.cycle_at): row for row in queries.kept_of(session, [ticket_id])}
        return found[0], policies, kept, now


@dataclass(frozen=True, slots=True)
class TargetInShort:
    target: Target
    policy_id: str
    status: Status
    due_at: datetime | None
    breached_at: datetime | None
    met_at: datetime | None
    paused_since: datetime | None

    @classmethod
    def of(cls, row: Row[Any], now: datetime) -> "TargetInShort":
        """What time alone has changed since is told as it is by now."""
        breached_at, status = row.breached_at, row.status
        if row.met_at is None and breached_at is None and row.due_at is not None and row.due_at <= now:
            breached_at, status = row.due_at, Status.BREACHED
        elif status is Status.WITHIN_SLA and row.warn_at is not None and row.warn_at <= now:
            status = Status.AT_RISK
        return cls(row.target, row.policy_id, status, row.due_at, breached_at, row.met_at, row.paused_since)


@dataclass(frozen=True, slots=True)
class LevelsInShort:
    """`as_of`: what happened to the ticket since is not in it."""

    as_of: datetime
    targets: Sequence[TargetInShort]

    @classmethod
    def of(cls, rows: Sequence[Row[Any]], now: datetime) -> "LevelsInShort":
        order = {target: number for number, target in enumerate(Target)}
        ordered = sorted(rows, key=lambda row: order[row.target])
        return cls(max(row.made_at for row in rows), [TargetInShort.of(row, now) for row in ordered])


def _newest(
    ticket: TrackedTicket,
    policy: Policy | None,
    kept: Mapping[tuple[Target, datetime], KeptTarget],
    now: datetime,
) -> Iterator[_Found]:
    newest = {cycle.target: cycle for cycle in sorted(cycles(ticket.history), key=lambda one: one.key)}
    for target in Target:
        cycle = newest.get(target)
        if cycle is None:
            continue
        row = kept.get((target, cycle.key))
        if row is not None and is_settled(row, cycle):
            yield _Found(cycle, None, row)
        elif (judged := judge(policy, cycle, now)) is not None:
            yield _Found(cycle, judged, None)


def _level(found: _Found, policies: Policies) -> TargetLevel:
    if found.judged is None:
        return _kept_level(found.kept, policies)
    state, policy = found.judged.state, found.judged.policy
    return TargetLevel(
        target=found.cycle.target,
        policy=NamedPolicy(policy.id, policy.name),
        length=found.judged.terms.length,
        begin=state.begin,
        warn_at=state.warn_at,
        due_at=state.due_at,
        elapsed=state.elapsed,
        status=state.status,
        breached_at=state.breached_at,
        met_at=state.met_at,
        paused_since=state.paused_since,
    )


def _kept_level(row: Any, policies: Policies) -> TargetLevel:
    policy = policies.find(row.policy_id)
    return TargetLevel(
        target=row.target,
        policy=NamedPolicy(row.policy_id, policy.name if policy else None),
        length=timedelta(seconds=row.length_s),
        begin=row.begin,
        warn_at=row.warn_at,
        due_at=row.due_at,
        elapsed=row.elapsed_us * MICROSECOND,
        status=row.status,
        breached_at=row.breached_at,
        met_at=row.met_at,
        paused_since=row.paused_since,
    )


def _named(policy: Policy | None) -> NamedPolicy | None:
    return None if policy is None else NamedPolicy(policy.id, policy.name)


def _calendar_of(row: KeptTarget | None) -> str:
    return (row.calendar_id if row is not None else None) or ""
