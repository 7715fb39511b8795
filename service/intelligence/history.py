"""What the desk tells providers of a customer: orders and support contacts, no message text."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from providers.models import Contact, Order
from service.customers.services import CustomerService
from service.database import DatabaseUnavailable
from service.tickets.services import TicketService

T = TypeVar("T")

log = structlog.get_logger()


class DeskHistory:
    """`providers.ports.CustomerHistory`: a provider is not to blame for a database that is away."""

    def __init__(self, customers: CustomerService, tickets: TicketService) -> None:
        self._customers = customers
        self._tickets = tickets

    def recent_orders(self, customer_id: str, *, limit: int) -> Sequence[Order]:
        return _or_nothing(lambda: self._customers.recent_orders(customer_id, limit=limit))

    def recent_contacts(self, customer_id: str, *, limit: int) -> Sequence[Contact]:
        return _or_nothing(lambda: self._tickets.recent_contacts(customer_id, limit=limit))


def _or_nothing(read: Callable[[], Sequence[T]]) -> Sequence[T]:
    try:
        return read()
    except DatabaseUnavailable:
        log.warning("history_unread", reason="database_unavailable")
        return ()
