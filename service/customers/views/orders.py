"""`/api/orders`, and a customer's orders."""

from typing import Any

from service.customers.orders import OrderRecord
from service.customers.schemas.orders import (
    OrderListSchema,
    OrderQuerySchema,
    OrdersSchema,
    RecordedSchema,
    SentOrders,
)
from service.customers.services import OrderService
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("orders", __name__, url_prefix="/api", description="What customers bought")


@blueprint.post("/orders")
@needs(Permission.ORDERS_RECORD)
@blueprint.arguments(OrdersSchema(partial=True))
@idempotent
@blueprint.response(200, RecordedSchema)
def record_orders(sent: SentOrders) -> dict[str, Any]:
    """Record one order or up to 500, by their external ids"""
    recorded = component(OrderService).record(sent.orders, actor=current_caller().id)
    return {"created": recorded.created, "updated": recorded.updated, "rejected": sent.rejected}


@blueprint.get("/customers/<id:customer_id>/orders")
@needs(Permission.CUSTOMERS_READ)
@blueprint.arguments(OrderQuerySchema, location="query")
@blueprint.response(200, OrderListSchema)
def list_customer_orders(query: dict[str, Any], customer_id: str) -> Listing[OrderRecord]:
    """List a customer's orders, newest first"""
    return component(OrderService).listing(customer_id, Page.asked(**query))
