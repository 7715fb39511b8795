"""The ways by which something leaves the desk; each implements `service.outbox.channels.Channel`."""

from service.notifications.channels.mail import EmailChannel, MailServer
from service.notifications.channels.slack import SlackChannel
from service.notifications.channels.webhooks import WebhookChannel
from service.notifications.channels.wording import Wording

__all__ = ["EmailChannel", "MailServer", "SlackChannel", "WebhookChannel", "Wording"]
