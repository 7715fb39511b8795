"""The inbox with what is known of each customer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from service.database import Database
from service.desk.services.customers import KnownCustomer, KnownCustomers
from service.http.pagination import Listing, Page
from service.tickets.services import Inbox, InboxPage, InboxService, Wanted


@dataclass(frozen=True, slots=True)
class Listed:
    """A ticket of the inbox, with its customer. `ticket`: a row with what is shown of `Ticket`."""

    ticket: Row[Any]
    tags: Sequence[str]
    matches_topic_alert: bool
    smart_score: float
    customer: KnownCustomer


@dataclass(frozen=True, slots=True, kw_only=True)
class Inboxed:
    """A page of the inbox. `matches`: how many tickets of all pages a topic alert marks."""

    listing: Listing[Listed]
    matches: int
    matches_is_estimate: bool


class DeskService:
    def __init__(self, database: Database, inbox: InboxService, customers: KnownCustomers) -> None:
        self._database = database
        self._inbox = inbox
        self._customers = customers

    def by_score(self, wanted: Wanted, page: InboxPage) -> Inboxed:
        return self._enriched(self._inbox.by_score(wanted, page))

    def by_time(self, wanted: Wanted, page: Page, *, column: str, ascending: bool) -> Inboxed:
        return self._enriched(self._inbox.by_time(wanted, page, column=column, ascending=ascending))

    def _enriched(self, inbox: Inbox) -> Inboxed:
        found = inbox.listing.rows
        with self._database.reading() as session:
            customers = self._customers.of(session, (row.customer for row in found))
        rows = [
            Listed(row.ticket, row.tags, row.alerted, row.score, customers[row.ticket.customer_id])
            for row in found
        ]
        self._customers.keep_up_to_date(row.customer for row in rows)
        return Inboxed(
            listing=Listing(rows, inbox.listing.pagination),
            matches=inbox.matches,
            matches_is_estimate=inbox.matches_is_estimate,
        )
