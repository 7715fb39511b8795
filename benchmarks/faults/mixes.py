"""Who asks for what, and how often of a hundred times."""

from dataclasses import dataclass
from typing import Final

from benchmarks.faults.plans import Kind
from benchmarks.faults.stage import Served, Stage

WARM, EXPIRED, UNKNOWN, READ, LIST, LIVEZ = "warm", "expired", "unknown", "read", "list", "livez"
INTELLIGENCE: Final = "/api/ai/customers/{customer}/intelligence"
BARE: Final = [Kind("bare", 1, "/")]

KNOWN_CUSTOMERS = 100
TICKETS = 50


@dataclass(frozen=True, slots=True)
class Desk:
    """A service with something in it. `known`: customers with a snapshot and a cached answer."""

    stage: Stage
    served: Served
    known: list[str]
    tickets: list[str]

    @property
    def expired(self) -> list[str]:
        """The half of the known whose facts a situation lets run out."""
        return self.known[KNOWN_CUSTOMERS // 2 :]

    def mix(self, *, unknown: int) -> list[Kind]:
        """The mix of the fault bench, with so many customers that nobody has asked about."""
        strangers = self.stage.new_customers(unknown)
        return [
            Kind(WARM, 30, INTELLIGENCE, customers=self.known[: KNOWN_CUSTOMERS // 2], keeps=True),
            Kind(EXPIRED, 30, INTELLIGENCE, customers=self.expired, keeps=True),
            Kind(UNKNOWN, 15, INTELLIGENCE, customers=strangers, keeps=True),
            Kind(READ, 10, "/api/tickets/{ticket}", tickets=self.tickets),
            Kind(LIST, 10, "/api/tickets?limit=25"),
            Kind(LIVEZ, 5, "/livez"),
        ]

    def known_alone(self) -> list[Kind]:
        return [Kind(WARM, 1, INTELLIGENCE, customers=self.known, keeps=True)]


def furnished(stage: Stage, served: Served) -> Desk:
    """Tickets, and customers whom the provider has answered for."""
    known = stage.new_customers(KNOWN_CUSTOMERS)
    tickets = [_new_ticket(served, customer_id) for customer_id in known[:TICKETS]]
    for customer_id in known:
        served.facts_of(customer_id)
    return Desk(stage, served, known, tickets)


def _new_ticket(served: Served, customer_id: str) -> str:
    new = {"customer_id": customer_id, "subject": "Where is my parcel?", "initial_message": "It is late."}
    ticket_id: str = served.answer("/api/tickets", new)["id"]
    return ticket_id
