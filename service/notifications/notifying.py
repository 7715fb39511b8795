"""What tells people and programs of events, put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from providers.ports import Clock
from service.database import Database
from service.events import EventLog
from service.feed.services import Feed, Followers
from service.jobs import Job
from service.notifications import queries
from service.notifications.calendars import CalendarOf
from service.notifications.channels import (
    EmailChannel,
    MailServer,
    SlackChannel,
    WebhookChannel,
    Wording,
)
from service.notifications.following import NotificationFollower, WebhookFollower
from service.notifications.holding import HeldNotices
from service.notifications.risk import RiskWatch
from service.notifications.services import Attempts, Deliveries, NotificationRules, WebhookEndpoints
from service.outbound import AddressGuard, OutboundSession
from service.outbound.settings import OutboundSettings
from service.outbox.channels import Channel
from service.outbox.log_channel import LogChannel
from service.outbox.services import Outbox
from service.signing import WebhookSecrets

PURPOSE = "support-desk webhook secrets, version 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifying:
    """`channels`: those that are on, by name."""

    endpoints: WebhookEndpoints
    deliveries: Deliveries
    rules: NotificationRules
    held: HeldNotices
    risk: RiskWatch
    channels: Mapping[str, Channel]

    def components(self) -> Sequence[object]:
        return (self.endpoints, self.deliveries, self.rules, self.held, self)

    def jobs(self) -> list[Job]:
        return [self.held.job(), self.deliveries.prune_job()]


def build_notifying(
    settings: OutboundSettings,
    database: Database,
    *,
    events: EventLog,
    feed: Feed,
    outbox: Outbox,
    followers: Followers,
    calendar_of: CalendarOf,
    signing_key: str,
    clock: Clock,
) -> Notifying:
    secrets = WebhookSecrets(signing_key, PURPOSE)
    guard = AddressGuard(settings.outbound_allowed)
    outbound = OutboundSession(guard, clock, ca_file=settings.outbound_ca_file)
    attempts = Attempts(database, events, secrets, clock)
    channels = _channels(settings, database, attempts, outbound, clock)
    max_age = timedelta(hours=settings.notifications_max_age_h)
    follower = NotificationFollower(
        outbox,
        clock,
        calendar_of,
        channels=channels,
        max_age=max_age,
    )
    outbox.replay_only(queries.to_listeners())
    rules = NotificationRules(database, events, clock, slack_names=settings.slack_webhooks)
    risk = RiskWatch(events, clock, high=settings.notify_churn_risk)
    for listener in (rules, risk):
        listener.subscribe_to(events)
    # From now on: nobody wants to be told of all that ever was.
    followers.add(follower, from_now=True, wants=follower.wants)
    if WebhookChannel.name in channels:
        webhooks = WebhookFollower(outbox)
        followers.add(webhooks, from_now=True, wants=webhooks.wants)
    return Notifying(
        endpoints=WebhookEndpoints(database, events, guard, secrets, clock),
        deliveries=Deliveries(database, outbox, clock),
        rules=rules,
        held=HeldNotices(database, feed, outbox, clock, max_age=max_age),
        risk=risk,
        channels=channels,
    )


def _channels(
    settings: OutboundSettings,
    database: Database,
    attempts: Attempts,
    outbound: OutboundSession,
    clock: Clock,
) -> Mapping[str, Channel]:
    wording, timeout_s = Wording(settings.public_url), settings.webhook_timeout_s
    known: list[Channel] = [
        LogChannel(),
        WebhookChannel(attempts, outbound, clock, timeout_s=timeout_s),
        SlackChannel(settings.slack_webhooks, outbound, wording, timeout_s=timeout_s),
    ]
    if settings.smtp_host is not None and settings.smtp_from is not None:
        known.append(
            EmailChannel(
                _mail_server(settings, settings.smtp_host, settings.smtp_from),
                partial(_mail_address, database),
                wording,
                clock,
            )
        )
    return {channel.name: channel for channel in known if channel.name in settings.notification_channels}


def _mail_server(settings: OutboundSettings, host: str, sender: str) -> MailServer:
    return MailServer(
        host=host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        sender=sender,
        username=settings.smtp_username,
        password=settings.smtp_password,
        ca_file=settings.smtp_ca_file,
        timeout_s=settings.smtp_timeout_s,
    )


def _mail_address(database: Database, agent_id: str) -> str | None:
    with database.reading() as session:
        return queries.mail_address(session, agent_id)
