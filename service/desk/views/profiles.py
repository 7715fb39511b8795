"""`/api/mcp`: one customer's profile and orders, as assistants ask for them."""

from typing import Any

from service.desk.schemas.profiles import ChurnRiskSchema, CustomerProfileSchema
from service.desk.schemas.shopping import FoundOrdersSchema, ShoppingQuerySchema
from service.desk.services import ChurnRisk, CustomerProfile, FoundOrders, Profiles, ShoppingService
from service.http.callers import needs
from service.http.components import component
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("profiles", __name__, url_prefix="/api/mcp", description="Profiles for assistants")


@blueprint.get("/customer/random")
@needs(Permission.CUSTOMERS_READ)
@blueprint.alt_response(404, "NOT_FOUND")
@blueprint.response(200, CustomerProfileSchema)
def read_any_profile() -> CustomerProfile:
    """Read the profile of any one customer"""
    return component(Profiles).any()


@blueprint.get("/customer/<id:customer_id>")
@needs(Permission.CUSTOMERS_READ)
@blueprint.response(200, CustomerProfileSchema)
def read_profile(customer_id: str) -> CustomerProfile:
    """Read a customer's profile"""
    return component(Profiles).read(customer_id)


@blueprint.get("/customer/<id:customer_id>/churn-risk")
@needs(Permission.INTELLIGENCE_READ)
@blueprint.response(200, ChurnRiskSchema)
def read_churn_risk(customer_id: str) -> ChurnRisk:
    """Read the churn risk of a customer's profile"""
    return component(Profiles).churn_risk(customer_id)


@blueprint.get("/customer/<id:customer_id>/orders")
@needs(Permission.CUSTOMERS_READ)
@blueprint.arguments(ShoppingQuerySchema, location="query")
@blueprint.response(200, FoundOrdersSchema)
def find_orders(query: dict[str, Any], customer_id: str) -> FoundOrders:
    """Find a customer's orders by words and time, newest first"""
    return component(ShoppingService).find(
        customer_id, query["search_terms"], start=query["start_date"], end=query["end_date"]
    )
