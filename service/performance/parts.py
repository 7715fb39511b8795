"""What counts, reads and seals, put together."""

from dataclasses import dataclass
from typing import Self

from providers.ports import Clock
from service.agents.services import AgentService, TeamService
from service.database import Database
from service.feed.relay import Relay
from service.feed.services import Feed, Followers
from service.performance.following import PerformanceFollower
from service.performance.sealing import Sealing
from service.performance.services import PerformanceReports


@dataclass(frozen=True, slots=True)
class PerformanceParts:
    reports: PerformanceReports
    sealing: Sealing

    @classmethod
    def following(
        cls,
        followers: Followers,
        *,
        database: Database,
        feed: Feed,
        relay: Relay,
        agents: AgentService,
        teams: TeamService,
        clock: Clock,
        seal_after_days: int,
    ) -> Self:
        """From here on the figures are among those who follow the feed."""
        follower = PerformanceFollower()
        followers.add(follower)
        reports = PerformanceReports(
            database, clock, feed=feed, followers=followers, agents=agents, teams=teams
        )
        sealing = Sealing(
            database,
            clock,
            feed=feed,
            relay=relay,
            followers=followers,
            follower=follower,
            reports=reports,
            after_days=seal_after_days,
        )
        return cls(reports, sealing)
