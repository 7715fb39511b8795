"""`GET /api/tickets/{id}` and `GET /api/customers/{id}`: one thing with all that is known of it."""

from service.desk.schemas.pages import CustomerPageSchema, TicketPageSchema
from service.desk.services import CustomerPage, CustomerPages, TicketPage, TicketPages
from service.http.callers import needs
from service.http.components import component
from service.http.conditional import etag
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("pages", __name__, url_prefix="/api", description="One ticket, or one customer, whole")


@blueprint.get("/tickets/<id:ticket_id>")
@needs(Permission.TICKETS_READ)
@blueprint.response(200, TicketPageSchema)
def read_ticket(ticket_id: str) -> tuple[TicketPage, int, dict[str, str]]:
    """Read a ticket with its last 200 messages and notes, and what is known of its customer"""
    page = component(TicketPages).read(ticket_id)
    return page, 200, etag(page.read.ticket.version)


@blueprint.get("/customers/<id:customer_id>")
@needs(Permission.CUSTOMERS_READ)
@blueprint.response(200, CustomerPageSchema)
def read_customer(customer_id: str) -> CustomerPage:
    """Read a customer, with what the orders come to and what is known"""
    return component(CustomerPages).read(customer_id)
