"""How many promises were kept: out of counters by day and quarter, so that no number of tickets matters."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from providers.ports import Clock
from service.agents.services import names_of_agents, names_of_teams
from service.database import Database
from service.days import ONE_DAY, Days, begin_of
from service.sla.policies import Target
from service.sla.services import PolicyBook
from service.sla.tracking.counters import (
    AGENT,
    ALL,
    BREACHED,
    DAY,
    MET,
    POLICY,
    PRIORITY,
    QUARTER,
    TEAM,
)
from service.sla.tracking.lists import TargetLists, Which
from service.sla.tracking.models import ComplianceCounter as Counted
from service.tickets.sights import Sight

SHARE_DIGITS = 4


Counts = Counter[tuple[str, str]]
"""By target and outcome."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises were met in time, and how many were breached."""

    met: int = 0
    breached: int = 0

    @property
    def compliance(self) -> float | None:
        """0..1; None where nothing was due."""
        total = self.met + self.breached
        return round(self.met / total, SHARE_DIGITS) if total else None


@dataclass(frozen=True, slots=True)
class Compliance:
    """`by_target` has all targets; `total` is their sum."""

    total: Kept
    by_target: Mapping[Target, Kept]

    @classmethod
    def of(cls, counts: Mapping[tuple[str, str], int]) -> Self:
        """By target and outcome."""
        by_target = {target: _kept(counts, [target]) for target in Target}
        return cls(_kept(counts, Target), by_target)


@dataclass(frozen=True, slots=True)
class ValueCompliance:
    """`id` is None for what has none, `name` where it is not known."""

    id: str | None
    name: str | None
    compliance: Compliance


@dataclass(frozen=True, slots=True)
class DayCompliance:
    day: date
    compliance: Compliance


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceReport:
    """`agent_id`: whose alone this is; None where it is everybody's."""

    period: Days
    agent_id: str | None
    overall: Compliance
    by_policy: Sequence[ValueCompliance]
    by_priority: Sequence[ValueCompliance]
    by_team: Sequence[ValueCompliance]
    by_agent: Sequence[ValueCompliance]
    by_day: Sequence[DayCompliance]


@dataclass(frozen=True, slots=True)
class Present:
    """Of promises that are not met; `is_estimate`: there are more."""

    count: int
    is_estimate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    as_of: datetime
    at_risk: Present
    breached: Present
    report: ComplianceReport


class ComplianceReports:
    def __init__(self, database: Database, lists: TargetLists, book: PolicyBook, clock: Clock) -> None:
        self._database = database
        self._lists = lists
        self._book = book
        self._clock = clock

    def report(
        self, *, since: date | None, until: date | None, zone: ZoneInfo, agent_id: str | None
    ) -> ComplianceReport:
        """`agent_id`: of one agent alone, None for everybody's. Raises `InvalidField`."""
        period = Days.asked(since, until, zone, self._clock.now())
        with self._database.reading() as session:
            return self._report(session, period, agent_id)

    def dashboard(
        self,
        *,
        since: date | None,
        until: date | None,
        zone: ZoneInfo,
        agent_id: str | None,
        sight: Sight | None,
    ) -> Dashboard:
        """`sight`: what is counted at present. Raises `InvalidField`."""
        return Dashboard(
            as_of=self._clock.now(),
            at_risk=Present(*self._lists.count(Which.AT_RISK, sight)),
            breached=Present(*self._lists.count(Which.BREACHED, sight)),
            report=self.report(since=since, until=until, zone=zone, agent_id=agent_id),
        )

    def _report(self, session: Session, period: Days, agent_id: str | None) -> ComplianceReport:
        by_day = _by_day(session, period, *((ALL, "") if agent_id is None else (AGENT, agent_id)))
        overall: Counts = Counter()
        for counts in by_day:
            overall.update(counts)
        sums = _by_value(session, period) if agent_id is None else {AGENT: {agent_id: overall}}
        names = self._names(session, sums)
        by = {
            dimension: [
                ValueCompliance(value or None, names[dimension].get(value), Compliance.of(counts))
                for value, counts in sorted(sums.get(dimension, {}).items())
            ]
            for dimension in names
        }
        days = [
            DayCompliance(day, Compliance.of(counts))
            for day, counts in zip(period.dates, by_day, strict=True)
        ]
        return ComplianceReport(
            period=period,
            agent_id=agent_id,
            overall=Compliance.of(overall),
            by_policy=by[POLICY],
            by_priority=by[PRIORITY],
            by_team=by[TEAM],
            by_agent=by[AGENT],
            by_day=days,
        )

    def _names(
        self, session: Session, sums: Mapping[str, Mapping[str, Counts]]
    ) -> Mapping[str, Mapping[str, str]]:
        return {
            POLICY: {policy.id: policy.name for policy in self._book.policies().in_order},
            PRIORITY: {priority: priority for priority in sums.get(PRIORITY, ())},
            TEAM: names_of_teams(session, sums.get(TEAM, {}).keys()),
            AGENT: names_of_agents(session, sums.get(AGENT, {}).keys()),
        }


def _by_value(session: Session, period: Days) -> dict[str, dict[str, Counts]]:
    """By dimension and value, over the whole period: of whole days in UTC, and of quarters at both ends."""
    sums: dict[str, dict[str, Counts]] = {}
    edges = _edges(period)
    statement = (
        select(Counted.dimension, Counted.value, Counted.target, Counted.outcome, func.sum(Counted.cycles))
        .where(Counted.dimension.in_([POLICY, PRIORITY, TEAM, AGENT]), _within(edges[0], edges[-1]))
        .group_by(Counted.dimension, Counted.value, Counted.target, Counted.outcome)
    )
    for dimension, value, target, outcome, cycles in session.execute(statement).all():
        if cycles:
            sums.setdefault(dimension, {}).setdefault(value, Counter())[str(target), outcome] = int(cycles)
    return sums


def _by_day(session: Session, period: Days, dimension: str, value: str) -> list[Counts]:
    """Of each day of the period."""
    edges = _edges(period)
    grain = DAY if all(_is_midnight(edge) for edge in edges) else QUARTER
    statement = (
        select(Counted.begin, Counted.target, Counted.outcome, Counted.cycles)
        .where(
            Counted.dimension == dimension,
            Counted.grain == grain,
            Counted.value == value,
            Counted.begin >= edges[0],
            Counted.begin < edges[-1],
        )
        .order_by(Counted.begin)
    )
    days: list[Counts] = [Counter() for _ in period.dates]
    number = 0
    for begin, target, outcome, cycles in session.execute(statement).all():
        while begin >= edges[number + 1]:
            number += 1
        days[number][str(target), outcome] += cycles
    return days


def _edges(days: Days) -> list[datetime]:
    """Where each begins, and where the last ends."""
    return [begin_of(quarter) for quarter in days.edges]


def _within(begin: datetime, end: datetime) -> ColumnElement[bool]:
    first = datetime.combine((begin + ONE_DAY - timedelta(microseconds=1)).date(), time(), UTC)
    last = datetime.combine(end.date(), time(), UTC)
    quarters = Counted.grain == QUARTER
    if first >= last:
        return and_(quarters, Counted.begin >= begin, Counted.begin < end)
    return or_(
        and_(Counted.grain == DAY, Counted.begin >= first, Counted.begin < last),
        and_(quarters, Counted.begin >= begin, Counted.begin < first),
        and_(quarters, Counted.begin >= last, Counted.begin < end),
    )


def _is_midnight(at: datetime) -> bool:
    return at.time() == time()


def _kept(counts: Mapping[tuple[str, str], int], targets: Iterable[Target]) -> Kept:
    met = breached = 0
    for target in targets:
        met += counts.get((target, MET), 0)
        breached += counts.get((target, BREACHED), 0)
    return Kept(met, breached)
