"""`/api/tickets`, `/api/messages` and `/api/ticket-fields`."""

from service.tickets.views.conversations import blueprint as conversations
from service.tickets.views.fields import blueprint as fields
from service.tickets.views.tickets import blueprint as tickets

BLUEPRINTS = (tickets, conversations, fields)
