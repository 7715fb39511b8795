"""What the feed for clients is made of."""

from dataclasses import dataclass
from typing import Self

from providers.ports import Clock
from service.access.standing import StandingCallers
from service.database import Database
from service.feed.relay import Relay
from service.feed.services import Feed
from service.settings import Settings
from service.streams.broadcast import Broadcast
from service.streams.services.feeding import EventFeed
from service.streams.services.past import PastEvents
from service.streams.stream_tickets import StreamTickets
from service.streams.telling import Telling
from service.telemetry.metrics import Metrics
from service.telemetry.metrics.streams import StreamFigures
from service.tickets.ownership import TicketOwnership


@dataclass(frozen=True, slots=True)
class StreamServices:
    events: EventFeed
    broadcast: Broadcast

    @classmethod
    def over(
        cls,
        settings: Settings,
        database: Database,
        feed: Feed,
        relay: Relay,
        *,
        ownership: TicketOwnership,
        standing: StandingCallers,
        clock: Clock,
        metrics: Metrics,
    ) -> Self:
        past = PastEvents(database, feed, ownership)
        broadcast = Broadcast(Telling(past), standing, clock, most=settings.streams_max)
        relay.tell(broadcast.ring)
        figures = StreamFigures(metrics.registry, broadcast.__len__, most=settings.streams_max)
        metrics.sampler.watch(figures)
        tickets = StreamTickets(settings.secret_key, database, clock)
        return cls(EventFeed(past, broadcast, tickets, standing, clock), broadcast)
