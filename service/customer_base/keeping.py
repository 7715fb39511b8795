"""The statistics of customers, kept up in the transaction of whatever changes them.

A new order that is not older than a customer's last one is added to what is kept; any other change is
reckoned from that customer's log. Contacts are only marked: they are reckoned when they are read, or soon
after by a job, since a message must not cost as much as a customer has tickets.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from providers.statistics import (
    ContactStatistics,
    CustomerStatistics,
    OrderFact,
    appends,
    summarise,
    with_orders,
)
from service.customer_base import queries
from service.customer_base.rows import contact_columns, order_columns, statistics_in
from service.customers.orders import OrderFacts
from service.customers.services import CustomerService, OrderLog, fact_of
from service.events import (
    CONVERSATION_RESET,
    MESSAGE_ADDED,
    MESSAGE_DELETED,
    ORDER_RECORDED,
    TICKET_CREATED,
    TICKET_DELETED,
    TICKET_RESTORED,
    TICKET_UPDATED,
    Event,
    EventLog,
)
from service.tickets.services import SupportCases, TicketService, handed_off

CASE_EVENTS = (
    TICKET_CREATED,
    TICKET_UPDATED,
    TICKET_DELETED,
    TICKET_RESTORED,
    MESSAGE_ADDED,
    MESSAGE_DELETED,
    CONVERSATION_RESET,
)


class CustomerBase:
    """What of the log is read comes through the services of its domains."""

    def __init__(self, orders: OrderLog, cases: SupportCases) -> None:
        self._orders = orders
        self._cases = cases

    def from_log(
        self, session: Session, customer_ids: Collection[str], *, as_of: date | None = None
    ) -> dict[str, CustomerStatistics]:
        """Of each; nothing after the day `as_of` counts."""
        contacts = self._cases.of_customers(session, customer_ids, as_of=as_of)
        orders = self._orders.of_customers(session, customer_ids, as_of=as_of)
        return {
            customer_id: summarise(orders[customer_id], contacts[customer_id], as_of=as_of)
            for customer_id in orders
        }

    def contacts(self, session: Session, customer_ids: Collection[str]) -> dict[str, ContactStatistics]:
        return self._cases.of_customers(session, customer_ids)

    def reckon(self, session: Session, customer_ids: Collection[str]) -> int:
        """Make those rows that there are from the log; how many were not as they should have been."""
        rows = {row.customer_id: row for row in queries.held(session, customer_ids)}
        true = self.from_log(session, rows)
        wrong = [
            customer_id
            for customer_id, row in rows.items()
            if row.orders_due or row.contacts_due or statistics_in(row) != true[customer_id]
        ]
        queries.put(session, [_row(customer_id, true[customer_id]) for customer_id in wrong])
        return len(wrong)

    def add(self, session: Session, new: Mapping[str, Sequence[OrderFact]], changed: Collection[str]) -> None:
        """New orders by customer, and customers whose orders changed otherwise."""
        rows = self._held(session, {*new, *changed})
        figures = {
            each: _added(row, new[each])
            for each, row in rows.items()
            if not row.orders_due and each not in changed
        }
        log = self._orders.of_customers(session, [each for each in rows if figures.get(each) is None])
        figures |= {each: summarise(orders) for each, orders in log.items()}
        queries.put(
            session,
            [
                {"customer_id": each, "orders_due": False} | order_columns(told)
                for each, told in figures.items()
                if told is not None
            ],
        )

    def _held(self, session: Session, customer_ids: Collection[str]) -> dict[str, Row[Any]]:
        """Their rows, made where there were none, and nobody else's until the transaction ends."""
        rows = {row.customer_id: row for row in queries.held(session, customer_ids)}
        absent = set(customer_ids) - rows.keys()
        if absent:
            queries.insert_due(session, absent)
            rows |= {row.customer_id: row for row in queries.held(session, absent)}
        return rows


class StatisticsKeeping:
    """Hears of orders and tickets."""

    def __init__(self, base: CustomerBase, customers: CustomerService, tickets: TicketService) -> None:
        self._base = base
        self._customers = customers
        self._tickets = tickets

    def subscribe_to(self, events: EventLog) -> None:
        events.subscribe_to_batches(ORDER_RECORDED, self._orders_recorded)
        for kind in CASE_EVENTS:
            events.subscribe_to_batches(kind, self._cases_changed)

    def _orders_recorded(self, session: Session, events: Sequence[Event]) -> None:
        ids = self._customers.by_ref(session, {event.subject_id for event in events})
        new: dict[str, list[OrderFact]] = defaultdict(list)
        changed: set[str] = set()
        for event in events:
            customer_id = ids.get(event.subject_id)
            if customer_id is None:
                continue  # nobody is left whose it could be
            if _is_new(event) and isinstance(event.at_hand, OrderFacts):
                new[customer_id].append(fact_of(event.at_hand))
            else:
                changed.add(customer_id)
        self._base.add(session, new, changed)

    def _cases_changed(self, session: Session, events: Sequence[Event]) -> None:
        ticket_ids = {event.ticket_id for event in events if event.ticket_id and _tells(event)}
        customer_ids = {self._tickets.customer_of(session, ticket_id) for ticket_id in ticket_ids}
        queries.mark_contacts_due(session, {each for each in customer_ids if each is not None})


def _is_new(event: Event) -> bool:
    """A change tells what was before, or that only the contents are others."""
    return event.before is None and "total" in (event.after or {})


def _tells(event: Event) -> bool:
    before, told = event.before or {}, event.after or {}
    if event.type == MESSAGE_ADDED:
        return not told.get("from_agent")
    return event.type != TICKET_UPDATED or "status" in told or handed_off(before, told)


def _added(row: Row[Any], new: Sequence[OrderFact]) -> CustomerStatistics | None:
    """None where it takes the log."""
    known = statistics_in(row)
    return with_orders(known, new) if all(appends(known, order) for order in new) else None


def _row(customer_id: str, statistics: CustomerStatistics) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "orders_due": False,
        "contacts_due": False,
        **order_columns(statistics),
        **contact_columns(statistics.contacts),
    }
