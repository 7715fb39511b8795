"""Those who follow the feed, and what is made of events by them, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from providers.ports import Clock
from service.database import Database
from service.entrance import Entrance
from service.events import EventLog
from service.feed.relay import Relay
from service.feed.services import Feed, Followers
from service.jobs import Job
from service.notifications.notifying import Notifying, build_notifying
from service.outbound.settings import OutboundSettings
from service.outbox.services import Outbox
from service.performance.parts import PerformanceParts
from service.sla.services import CalendarService, PolicyBook, PolicyRehearsal, PolicyService
from service.sla.tracking.following import TierFollowing
from service.sla.tracking.judging import Points
from service.sla.tracking.services import Tracking
from service.tickets.services import Ranking


@dataclass(frozen=True, slots=True)
class MadeOfEvents:
    """Figures, service levels, and what others are told."""

    performance: PerformanceParts
    tracking: Tracking
    notifying: Notifying
    _kept: Sequence[object]

    @classmethod
    def following(
        cls,
        of_feed: tuple[Feed, Relay, Followers, Outbox],
        database: Database,
        *,
        events: EventLog,
        clock: Clock,
        ranking: Ranking,
        entrance: Entrance,
        outbound: OutboundSettings,
        signing_key: str,
        seal_after_days: int,
    ) -> Self:
        feed, relay, followers, outbox = of_feed
        performance = PerformanceParts.following(
            followers,
            database=database,
            feed=feed,
            relay=relay,
            agents=entrance.agents,
            teams=entrance.teams,
            clock=clock,
            seal_after_days=seal_after_days,
        )
        tracking = Tracking.over(
            database,
            events=events,
            book=PolicyBook(database, clock),
            directory=entrance.directory,
            clock=clock,
            points=Points(at_risk=ranking.weights.sla_at_risk, breached=ranking.weights.sla_breached),
        )
        followers.add(tracking.follower)
        ranking.when_facts_change(TierFollowing(tracking.book).facts_changed)
        notifying = build_notifying(
            outbound,
            database,
            events=events,
            feed=feed,
            outbox=outbox,
            followers=followers,
            calendar_of=tracking.book.calendar,
            signing_key=signing_key,
            clock=clock,
        )
        ranking.when_facts_change(notifying.risk.facts_changed)
        services = (
            CalendarService(database, events, tracking.book, clock),
            PolicyService(database, events, tracking.book, clock),
            PolicyRehearsal(database),
        )
        return cls(performance, tracking, notifying, services)

    def jobs(self) -> list[Job]:
        return [
            *self.performance.sealing.jobs(),
            *self.tracking.jobs(),
            *self.notifying.jobs(),
        ]

    def components(self) -> Sequence[object]:
        return (
            self.performance.reports,
            self.performance.sealing,
            self.tracking.book,
            *self.tracking.components(),
            *self.notifying.components(),
            *self._kept,
        )
