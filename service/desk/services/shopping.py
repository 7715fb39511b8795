"""What a customer ordered, as assistants ask for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from service.customers.orders import OrderRecord
from service.customers.services import CustomerService, OrderService

MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class FoundOrders:
    """The newest ones that were found; `orders_truncated` says that there are more.

    Figures are of the orders that are listed, and of no others.
    """

    customer_id: str
    orders: Sequence[OrderRecord]
    orders_truncated: bool = False

    @property
    def total_orders(self) -> int:
        return len(self.orders)

    @property
    def currency(self) -> str | None:
        """None where the orders are in several, or there are none."""
        currencies = {order.currency for order in self.orders}
        return currencies.pop() if len(currencies) == 1 else None

    @property
    def total_spent(self) -> Decimal | None:
        """What was paid, less what went back; None where the orders are in several currencies."""
        if self.orders and self.currency is None:
            return None
        return sum((order.total - order.refunded for order in self.orders), Decimal(0))


class ShoppingService:
    def __init__(self, customers: CustomerService, orders: OrderService) -> None:
        self._customers = customers
        self._orders = orders

    def find(
        self, customer_id: str, terms: str | None, *, start: datetime | None, end: datetime | None
    ) -> FoundOrders:
        """Those from `start` until before `end` in which each word of `terms` stands. Raises `NotFound`."""
        self._customers.reference(customer_id)
        found = self._orders.search_orders(
            customer_id, terms=terms, start=start, end=end, limit=MOST_FOUND + 1
        )
        return FoundOrders(customer_id, found[:MOST_FOUND], orders_truncated=len(found) > MOST_FOUND)
