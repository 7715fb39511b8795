"""The inbox with what is known of each customer."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from providers.models import CustomerRef
from service.customers.services import CustomerService
from service.database import Database
from service.http.pagination import Listing, Page
from service.intelligence.known_facts import LastKnown, LastKnownFacts
from service.tickets.models import Ticket
from service.tickets.services import Inbox, InboxPage, InboxService, Wanted

REFRESHED_PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """`known` None: nothing was ever learnt."""

    reference: CustomerRef
    name: str | None
    known: LastKnown | None


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket of the inbox, with its customer."""

    ticket: Ticket
    matches_topic_alert: bool
    smart_score: float
    customer: KnownCustomer


@dataclass(frozen=True, slots=True, kw_only=True)
class Inboxed:
    """A page of the inbox. `matches`: how many tickets of all pages a topic alert marks."""

    listing: Listing[Row]
    matches: int
    matches_is_estimate: bool


class DeskService:
    """`refresh`: have the facts of a customer brought up to date behind, some time."""

    def __init__(
        self,
        database: Database,
        inbox: InboxService,
        customers: CustomerService,
        facts: LastKnownFacts,
        refresh: Callable[[CustomerRef], None],
    ) -> None:
        self._database = database
        self._inbox = inbox
        self._customers = customers
        self._facts = facts
        self._refresh = refresh

    def by_score(self, wanted: Wanted, page: InboxPage) -> Inboxed:
        return self._enriched(self._inbox.by_score(wanted, page))

    def by_time(self, wanted: Wanted, page: Page, *, column: str, ascending: bool) -> Inboxed:
        return self._enriched(self._inbox.by_time(wanted, page, column=column, ascending=ascending))

    def _enriched(self, inbox: Inbox) -> Inboxed:
        found = inbox.listing.rows
        customers = self._known({row.ticket.customer_id for row in found})
        rows = [Row(row.ticket, row.alerted, row.score, customers[row.ticket.customer_id]) for row in found]
        due = [row.ticket.customer_id for row in found if _is_due(customers[row.ticket.customer_id])]
        for customer_id in list(dict.fromkeys(due))[:REFRESHED_PER_PAGE]:
            self._refresh(customers[customer_id].reference)
        return Inboxed(
            listing=Listing(rows, inbox.listing.pagination),
            matches=inbox.matches,
            matches_is_estimate=inbox.matches_is_estimate,
        )

    def _known(self, customer_ids: Iterable[str]) -> dict[str, KnownCustomer]:
        ids = sorted(customer_ids)
        with self._database.reading() as session:
            people = self._customers.people(session, ids)
            facts = self._facts.of(session, ids)
        return {
            customer_id: KnownCustomer(person.reference, person.name, facts.get(customer_id))
            for customer_id, person in people.items()
        }


def _is_due(customer: KnownCustomer) -> bool:
    return customer.known is None or customer.known.outdated
