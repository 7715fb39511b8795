"""Webhook endpoints with what was delivered to them, and rules."""

from service.notifications.services.attempts import Attempts, Tried
from service.notifications.services.deliveries import Deliveries, LoggedAttempt
from service.notifications.services.endpoints import (
    EndpointChange,
    MadeEndpoint,
    NewEndpoint,
    RotatedSecret,
    WebhookEndpoints,
)
from service.notifications.services.rules import NewRule, NotificationRules, RuleChange

__all__ = [
    "Attempts",
    "Deliveries",
    "EndpointChange",
    "LoggedAttempt",
    "MadeEndpoint",
    "NewEndpoint",
    "NewRule",
    "NotificationRules",
    "RotatedSecret",
    "RuleChange",
    "Tried",
    "WebhookEndpoints",
]
