"""What the desk tells providers of a customer: orders and support contacts, no message text."""

from collections.abc import Sequence

from providers.models import Contact, Order
from service.customers.services import CustomerService
from service.tickets.services import TicketService


class DeskHistory:
    """`providers.ports.CustomerHistory`."""

    def __init__(self, customers: CustomerService, tickets: TicketService) -> None:
        self._customers = customers
        self._tickets = tickets

    def recent_orders(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        return self._customers.recent_orders(customer_id, limit=limit)

    def recent_contacts(self, customer_id: str, *, limit: int) -> Sequence[Contact]:
        return self._tickets.recent_contacts(customer_id, limit=limit)
