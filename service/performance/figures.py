"""Figures as they are told. Unknown is None. What each means stands in docs/analytics.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from service.days import Days
from service.performance.durations import Durations

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsOf:
    """How old figures are: what happened before `as_of` is in them.

    `counted_until`: that, or the time of what was counted last where that is later; up to then who has a
    status has it. `position`: of the last event that was looked at; `lag`: how many more there are by now.
    What happened before `sealed_before` never changes again.
    """

    as_of: datetime
    counted_until: datetime
    position: int
    lag: int
    sealed_before: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafts:
    verbatim: int
    edited: int
    set_aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Times in a status are None where nobody's was ever told."""

    assigned: int
    resolved: int
    reopened: int
    transferred: int
    messages: int
    first_response: Durations
    next_response: Durations
    resolution: Durations
    drafts: Drafts
    time_online_s: float | None
    time_away_s: float | None
    time_busy_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """`backlog`: open and pending at the end, or by now; None where not even the beginning has come."""

    created: int
    imported: int
    resolved: int
    closed: int
    reopened: int
    deleted: int
    restored: int
    customer_messages: int
    backlog: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFigures:
    """`share`: of the tickets that were created on any channel; None where none was."""

    channel: str
    share: float | None
    volume: Volume
    first_response: Durations
    next_response: Durations
    resolution: Durations


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    agent_id: str
    name: str
    active: bool
    work: Work


@dataclass(frozen=True, slots=True)
class Daily(Generic[T]):
    date: date
    figures: T


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    days: Days
    freshness: AsOf


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkReport(Report):
    total: Work
    by_day: Sequence[Daily[Work]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport(WorkReport):
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamReport(WorkReport):
    """`team_ids` None: the whole desk. `members` of a single team alone, by name, None otherwise."""

    team_ids: Sequence[str] | None
    members: Sequence[Member] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeReport(Report):
    team_id: str | None
    channel: str | None
    total: Volume
    by_day: Sequence[Daily[Volume]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelReport(Report):
    channels: Sequence[ChannelFigures]
