"""What an agent sees, composed of what tickets, customers and intelligence know."""

from service.desk.services.customers import KnownCustomer, KnownCustomers
from service.desk.services.inbox import DeskService, Inboxed, Listed
from service.desk.services.pages import CustomerPage, CustomerPages, TicketPage, TicketPages
from service.desk.services.profiles import (
    BusinessMetrics,
    ChurnRisk,
    CustomerProfile,
    LastPurchase,
    Profiled,
    Profiles,
)
from service.desk.services.shopping import FoundOrders, ShoppingService

__all__ = [
    "BusinessMetrics",
    "ChurnRisk",
    "CustomerPage",
    "CustomerPages",
    "CustomerProfile",
    "DeskService",
    "FoundOrders",
    "Inboxed",
    "KnownCustomer",
    "KnownCustomers",
    "LastPurchase",
    "Listed",
    "Profiled",
    "Profiles",
    "ShoppingService",
    "TicketPage",
    "TicketPages",
]
