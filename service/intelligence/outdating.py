"""What happens on the desk makes facts outdated: they are brought up to date when next looked at."""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy.orm import Session

from service.customers.services import CustomerService
from service.database import after_commit
from service.events import CUSTOMER_UPDATED, MESSAGE_ADDED, ORDER_RECORDED, Event, EventLog
from service.intelligence.snapshots import mark_all_outdated, mark_outdated
from service.tickets.services import TicketService


class FactsOutdating:
    """`forget` drops a customer's cached facts; it is called once the change is committed."""

    def __init__(
        self, customers: CustomerService, tickets: TicketService, forget: Callable[[str], None]
    ) -> None:
        self._customers = customers
        self._tickets = tickets
        self._forget = forget

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe(MESSAGE_ADDED, self._message_added)
        events.subscribe_to_batches(ORDER_RECORDED, self._outdate_subjects)
        events.subscribe(CUSTOMER_UPDATED, self._customer_updated)

    def _message_added(self, session: Session, event: Event) -> None:
        if event.ticket_id is None or (event.after or {}).get("from_agent"):
            return
        customer_id = self._tickets.customer_of(session, event.ticket_id)
        if customer_id is not None:
            mark_outdated(session, customer_id, event.at)
            after_commit(session, partial(self._forget, customer_id))

    def _customer_updated(self, session: Session, event: Event) -> None:
        """By another id a provider knows somebody else."""
        if "external_ids" in (event.personal or {}).get("after", {}):
            self._outdate_subjects(session, [event])

    def _outdate_subjects(self, session: Session, events: Sequence[Event]) -> None:
        """They are customers, by `ref`."""
        customer_ids = self._customers.ids_of(session, {event.subject_id for event in events})
        mark_all_outdated(session, customer_ids, events[-1].at)
        for customer_id in customer_ids:
            after_commit(session, partial(self._forget, customer_id))
