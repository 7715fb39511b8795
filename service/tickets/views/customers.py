"""A customer's tickets."""

from typing import Any

from service.customers.services import CustomerService
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.tickets.models import Ticket
from service.tickets.queries import TicketFilter
from service.tickets.schemas.conversations import NoteQuerySchema
from service.tickets.schemas.tickets import TicketListSchema
from service.tickets.services import TicketService

blueprint = Blueprint(
    "customer_tickets", __name__, url_prefix="/api/customers", description="What customers wrote in about"
)


@blueprint.get("/<id:customer_id>/tickets")
@blueprint.arguments(NoteQuerySchema, location="query")
@blueprint.response(200, TicketListSchema)
def list_customer_tickets(query: dict[str, Any], customer_id: str) -> Listing[Ticket]:
    """List a customer's tickets, newest first"""
    customer = component(CustomerService).reference(customer_id)
    wanted = TicketFilter(customer_id=customer.id)
    return component(TicketService).listing(wanted, Page.asked(**query), newest_first=True)
