"""What is made of events after their commit, put together: the feed, its followers, the outbox."""

from collections.abc import Sequence
from datetime import timedelta

from providers.ports import Clock, Random
from service.database import Database
from service.events import EventLog
from service.feed.relay import Relay
from service.feed.services import Feed, Followers
from service.outbox.backoff import Backoff
from service.outbox.channels import Channel
from service.outbox.dispatching import Dispatcher
from service.outbox.leasing import Leasing
from service.outbox.services import Outbox
from service.settings import Settings
from service.telemetry.metrics import Metrics


def build_feed(database: Database, events: EventLog, clock: Clock) -> tuple[Feed, Relay, Followers, Outbox]:
    """Whoever follows is added to the followers before their jobs are asked for."""
    feed, relay = Feed(), Relay(database)
    return feed, relay, Followers(database, feed, relay), Outbox(database, feed, events, clock)


def build_dispatcher(
    settings: Settings,
    channels: Sequence[Channel],
    database: Database,
    *,
    feed: Feed,
    outbox: Outbox,
    metrics: Metrics,
    clock: Clock,
    chance: Random,
) -> Dispatcher:
    backoff = Backoff(
        first=timedelta(seconds=settings.outbox_first_retry_s),
        longest=timedelta(seconds=settings.outbox_longest_retry_s),
        give_up_after=timedelta(days=settings.outbox_give_up_days),
    )
    dispatcher = Dispatcher(
        channels,
        Leasing(database, feed, clock, chance, backoff),
        clock,
        threads=settings.outbox_threads,
        observer=metrics.outbox,
    )
    metrics.outbox.knows(dispatcher.channels)
    outbox.tell(dispatcher.call)
    return dispatcher
