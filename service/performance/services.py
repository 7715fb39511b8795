"""Figures of agents, teams and the desk over days of whatever time zone, and how old they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from providers.ports import Clock
from service.agents.services import AgentService, TeamService, ToldTeam
from service.database import Database
from service.days import Days, begin_of
from service.errors import Forbidden, InvalidField, NotFound
from service.feed.services import Feed, Followers
from service.performance import queries, scopes, uniting
from service.performance.figures import (
    AgentReport,
    AsOf,
    ChannelReport,
    Member,
    TeamReport,
    VolumeReport,
)
from service.performance.following import NAME
from service.permissions import Reach

UNDERWAY = 100
"""Positions that are looked through for the first event which is not counted yet, and the last that is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Days of a time zone, `until` not among them; the last 30 where neither is told."""

    zone: ZoneInfo
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose teams a caller may look at: with `Reach.TEAM` their own."""

    reach: Reach
    team_ids: frozenset[str]


class PerformanceReports:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        feed: Feed,
        followers: Followers,
        agents: AgentService,
        teams: TeamService,
    ) -> None:
        self._database = database
        self._feed = feed
        self._followers = followers
        self._agents = agents
        self._teams = teams
        self._clock = clock

    def of_agent(self, agent_id: str, asked: Asked) -> AgentReport:
        """Raises `NotFound` and `InvalidField`."""
        return self._of_agent(agent_id, self._days(asked))

    def today(self, agent_id: str, zone: ZoneInfo) -> AgentReport:
        """Raises `NotFound`."""
        return self._of_agent(agent_id, Days.today(zone, self._clock.now()))

    def of_team(self, team_id: str | None, asked: Asked, viewer: Viewer) -> TeamReport:
        """Without a team the whole desk, or all teams of the viewer together.

        Raises `InvalidField`, and `Forbidden` for a team that is none of the viewer's.
        """
        from service.performance import reckoning  # noqa: PLC0415  # it loads numpy

        team_ids = self._teams_of(team_id, viewer)
        members = self._team(team_id).members if team_id is not None else ()
        days = self._days(asked)
        with self._database.reading() as session:
            freshness = self.freshness_of(session)
            those: Mapping[str, int] = {scopes.DESK: 1}
            if team_ids is not None:
                those = uniting.of_teams(session, team_ids, days.edges[0], days.edges[-1])
            total, by_day = reckoning.work_by_day(session, those, days, freshness.counted_until)
            theirs = reckoning.work_in_all(
                session, [scopes.of_agent(row.id) for row in members], days, freshness.counted_until
            )
        shown = [
            Member(agent_id=row.id, name=row.name, active=row.active, work=work)
            for row, work in zip(members, theirs, strict=True)
        ]
        return TeamReport(
            days=days,
            freshness=freshness,
            team_ids=team_ids,
            total=total,
            by_day=by_day,
            members=shown if team_id is not None else None,
        )

    def volume(self, asked: Asked, *, team_id: str | None, channel: str | None) -> VolumeReport:
        """Of a team's tickets, or a channel's, or all. Raises `InvalidField`."""
        from service.performance import reckoning  # noqa: PLC0415  # it loads numpy

        scope = scopes.DESK
        if team_id is not None:
            self._team(team_id)
            scope = scopes.of_team(team_id)
        elif channel is not None:
            scope = scopes.of_channel(channel)
        days = self._days(asked)
        with self._database.reading() as session:
            freshness = self.freshness_of(session)
            total, by_day = reckoning.volume_by_day(session, scope, days, freshness.counted_until)
        return VolumeReport(
            days=days, freshness=freshness, team_id=team_id, channel=channel, total=total, by_day=by_day
        )

    def channels(self, asked: Asked) -> ChannelReport:
        """Raises `InvalidField`."""
        from service.performance import reckoning  # noqa: PLC0415  # it loads numpy

        days = self._days(asked)
        with self._database.reading() as session:
            freshness = self.freshness_of(session)
            channels = reckoning.channels(session, days, freshness.counted_until)
        return ChannelReport(days=days, freshness=freshness, channels=channels)

    def freshness(self) -> AsOf:
        with self._database.reading() as session:
            return self.freshness_of(session)

    def freshness_of(self, session: Session) -> AsOf:
        """Asked before the figures are, which may be newer than that and never older.

        What has no position is asked for before the positions are: it may get one in between.
        """
        now, unnumbered = self._clock.now(), self._feed.unnumbered(session)
        followed, newest = self._followers.position(session, NAME), self._feed.position(session)
        earliest = None
        if newest > followed:
            earliest, _ = self._feed.times(session, followed, followed + UNDERWAY)
        _, latest = self._feed.times(session, followed - UNDERWAY, followed)
        as_of = min(at for at in (now, unnumbered.since, earliest) if at is not None)
        sealed = queries.progress(session).sealed_slot
        return AsOf(
            as_of=as_of,
            counted_until=max(as_of, latest or as_of),
            position=followed,
            lag=max(0, newest - followed) + unnumbered.count,
            sealed_before=begin_of(sealed) if sealed is not None else None,
        )

    def _team(self, team_id: str) -> ToldTeam:
        """Raises `InvalidField`."""
        try:
            return self._teams.read(team_id)
        except NotFound:
            raise InvalidField("team_id", "There is no team with this id.") from None

    def _of_agent(self, agent_id: str, days: Days) -> AgentReport:
        from service.performance import reckoning  # noqa: PLC0415  # it loads numpy

        self._agents.read(agent_id)
        with self._database.reading() as session:
            freshness = self.freshness_of(session)
            total, by_day = reckoning.work_by_day(
                session, {scopes.of_agent(agent_id): 1}, days, freshness.counted_until
            )
        return AgentReport(days=days, freshness=freshness, agent_id=agent_id, total=total, by_day=by_day)

    def _days(self, asked: Asked) -> Days:
        return Days.asked(asked.since, asked.until, asked.zone, self._clock.now())

    def _teams_of(self, team_id: str | None, viewer: Viewer) -> list[str] | None:
        everybody = viewer.reach is Reach.ANY
        if team_id is None:
            return None if everybody else sorted(viewer.team_ids)
        if not everybody and team_id not in viewer.team_ids:
            raise Forbidden("This is none of your teams; leave team_id out for those that are.")
        return [team_id]
