"""`/api/sla/calendars` and `/api/sla/policies`."""

from service.sla.views.calendars import blueprint as calendars
from service.sla.views.policies import blueprint as policies

BLUEPRINTS = (calendars, policies)
