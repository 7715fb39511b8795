"""`/api/admin/webhooks` and `/api/admin/notification-rules`."""

from service.notifications.views.rules import blueprint as rules
from service.notifications.views.webhooks import blueprint as webhooks

BLUEPRINTS = (webhooks, rules)
