"""`/api/tickets`, `/api/messages`, `/api/ticket-fields` and a customer's tickets."""

from service.tickets.views.conversations import blueprint as conversations
from service.tickets.views.customers import blueprint as customers
from service.tickets.views.fields import blueprint as fields
from service.tickets.views.tickets import blueprint as tickets

BLUEPRINTS = (tickets, conversations, fields, customers)
