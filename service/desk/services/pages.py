"""The pages of a ticket and of a customer."""

from dataclasses import dataclass

from service.assignment.history import present_assignment
from service.assignment.models import Assignment
from service.customers.services import CustomerService, OrderService, ToldCustomer
from service.database import Database
from service.desk.services.customers import KnownCustomer, KnownCustomers
from service.desk.services.profiles import CustomerProfile, Profiles
from service.sla.tracking.reading import LevelsInShort, ServiceLevels
from service.tickets.services import ReadTicket, read_ticket


@dataclass(frozen=True, slots=True)
class TicketPage:
    """`customer_profile` None: too little is known of the customer for one. `sla` None: nothing is promised.

    `assignment` None: no agent has the ticket, or it is settled.
    """

    read: ReadTicket
    customer: KnownCustomer
    customer_profile: CustomerProfile | None
    assignment: Assignment | None
    sla: LevelsInShort | None


@dataclass(frozen=True, slots=True)
class CustomerPage:
    told: ToldCustomer
    intelligence: KnownCustomer


class TicketPages:
    """No provider is waited for: what is missing or old is asked for behind."""

    def __init__(
        self, database: Database, profiles: Profiles, known: KnownCustomers, levels: ServiceLevels
    ) -> None:
        self._database = database
        self._profiles = profiles
        self._known = known
        self._levels = levels

    def read(self, ticket_id: str) -> TicketPage:
        """In four to seven statements, and one more where an agent has it. Raises `NotFound`."""
        with self._database.reading() as session:
            read = read_ticket(session, ticket_id)
            assignment = present_assignment(session, read.ticket)
            profiled = self._profiles.of(session, read.customer)
            sla = self._levels.in_short(session, ticket_id)
        self._known.keep_up_to_date([profiled.customer])
        return TicketPage(read, profiled.customer, profiled.profile, assignment, sla)


class CustomerPages:
    """No provider is waited for: what is missing or old is asked for behind."""

    def __init__(
        self, database: Database, customers: CustomerService, orders: OrderService, known: KnownCustomers
    ) -> None:
        self._database = database
        self._customers = customers
        self._orders = orders
        self._known = known

    def read(self, customer_id: str) -> CustomerPage:
        """In three statements. Raises `NotFound`."""
        customer = self._customers.read(customer_id)
        with self._database.reading() as session:
            figures = self._orders.figures(session, customer_id)
            intelligence = self._known.about(session, customer)
        self._known.keep_up_to_date([intelligence])
        return CustomerPage(ToldCustomer(customer, figures), intelligence)
