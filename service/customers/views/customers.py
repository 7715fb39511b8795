"""`/api/customers`."""

from typing import Any

from flask import url_for

from service.customers.models import Customer
from service.customers.schemas.customers import (
    CustomerChangeSchema,
    CustomerListSchema,
    CustomerQuerySchema,
    CustomerSchema,
    NewCustomerSchema,
)
from service.customers.services import (
    CustomerChange,
    CustomerService,
    NewCustomer,
    OrderService,
    ToldCustomer,
)
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("customers", __name__, url_prefix="/api/customers", description="Who writes in")


@blueprint.get("")
@needs(Permission.CUSTOMERS_READ)
@blueprint.arguments(CustomerQuerySchema, location="query")
@blueprint.response(200, CustomerListSchema)
def list_customers(query: dict[str, Any]) -> Listing[Customer]:
    """List customers, newest first"""
    email, terms = query.pop("email"), query.pop("q")
    return component(CustomerService).listing(Page.asked(**query), email=email, terms=terms)


@blueprint.post("")
@needs(Permission.CUSTOMERS_CHANGE)
@blueprint.arguments(NewCustomerSchema)
@idempotent
@blueprint.response(201, CustomerSchema)
def create_customer(new: NewCustomer) -> tuple[ToldCustomer, int, dict[str, str]]:
    """Create a customer"""
    customer = component(CustomerService).create(new, actor=current_caller().id)
    where = {"Location": url_for("pages.read_customer", customer_id=customer.id)}
    return _told(customer), 201, where


@blueprint.patch("/<id:customer_id>")
@needs(Permission.CUSTOMERS_CHANGE)
@blueprint.arguments(CustomerChangeSchema)
@blueprint.response(200, CustomerSchema)
def change_customer(change: CustomerChange, customer_id: str) -> ToldCustomer:
    """Change a customer: what is not named stays as it is, null clears"""
    return _told(component(CustomerService).change(customer_id, change, actor=current_caller().id))


def _told(customer: Customer) -> ToldCustomer:
    return ToldCustomer(customer, component(OrderService).order_figures(customer.id))
