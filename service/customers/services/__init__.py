"""Who the desk's customers are, and what they ordered."""

from service.customers.services.customers import (
    CustomerChange,
    CustomerService,
    NewCustomer,
    Person,
    found_by,
)
from service.customers.services.orders import OrderFigures, OrderService, Recorded, ToldCustomer

__all__ = [
    "CustomerChange",
    "CustomerService",
    "NewCustomer",
    "OrderFigures",
    "OrderService",
    "Person",
    "Recorded",
    "ToldCustomer",
    "found_by",
]
