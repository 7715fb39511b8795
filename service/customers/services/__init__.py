"""Who the desk's customers are, and what they ordered."""

from service.customers.people import CustomerChange, Named, NewCustomer, Person
from service.customers.services.customers import CustomerService, found_by
from service.customers.services.order_log import OrderLog, fact_of
from service.customers.services.orders import OrderFigures, OrderService, Recorded, ToldCustomer

__all__ = [
    "CustomerChange",
    "CustomerService",
    "Named",
    "NewCustomer",
    "OrderFigures",
    "OrderLog",
    "OrderService",
    "Person",
    "Recorded",
    "ToldCustomer",
    "fact_of",
    "found_by",
]
