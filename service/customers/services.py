"""Who the desk's customers are."""

import threading
from dataclasses import dataclass

from cachetools import TTLCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from providers.models import CustomerRef, Order, OrderLine
from providers.ports import Clock
from service.customers import models, queries
from service.database import Database
from service.errors import NotFound
from service.events import CUSTOMER_CREATED, Event, EventLog
from service.identifiers import new_ref

REMEMBERED_S = 5
REMEMBERED_CUSTOMERS = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes in; None where they did not say."""

    name: str | None = None
    email: str | None = None


class CustomerService:
    """Known customers are remembered for a few seconds, so that a warm answer costs no query."""

    def __init__(self, database: Database, events: EventLog, clock: Clock) -> None:
        self._database = database
        self._events = events
        self._clock = clock
        self._known: TTLCache[str, CustomerRef] = TTLCache(
            REMEMBERED_CUSTOMERS, REMEMBERED_S, timer=clock.monotonic
        )
        self._lock = threading.Lock()

    def reference(self, customer_id: str) -> CustomerRef:
        """Raises `NotFound`."""
        with self._lock:
            known = self._known.get(customer_id)
        if known is not None:
            return known
        with self._database.reading() as session:
            external_ids = session.scalar(
                select(models.Customer.external_ids).where(models.Customer.id == customer_id)
            )
        if external_ids is None:
            raise NotFound("customer", customer_id)
        reference = CustomerRef(customer_id, external_ids)
        with self._lock:
            self._known[customer_id] = reference
        return reference

    def locale(self, customer_id: str) -> str | None:
        with self._database.reading() as session:
            return session.scalar(select(models.Customer.locale).where(models.Customer.id == customer_id))

    def ensure(self, session: Session, customer_id: str, person: Person, *, actor: str) -> None:
        """Create the customer if unknown; a known one's details do not change."""
        now = self._clock.now()
        ref = new_ref()
        details = {"name": person.name, "email": person.email}
        created = queries.insert_if_absent(
            session,
            {"id": customer_id, "ref": ref, "external_ids": {}, "preferences": {}, **details}
            | {"created_at": now, "updated_at": now},
        )
        if created:
            self._events.record(
                session,
                Event(
                    type=CUSTOMER_CREATED,
                    subject_type="customer",
                    subject_id=ref,
                    actor=actor,
                    at=now,
                    personal=details,
                ),
            )

    def id_of(self, session: Session, ref: str) -> str | None:
        return queries.id_of(session, ref)

    def recent_orders(self, customer_id: str, *, limit: int) -> list[Order]:
        with self._database.reading() as session:
            return [_as_context(order) for order in queries.recent_orders(session, customer_id, limit)]


def _as_context(order: models.Order) -> Order:
    return Order(
        external_id=order.external_id,
        ordered_at=order.ordered_at,
        currency=order.currency,
        total=order.total,
        status=order.status,
        discount=order.discount,
        channel=order.channel,
        lines=tuple(
            OrderLine(title=line.title, quantity=line.quantity, price=line.price, category=line.category)
            for line in order.lines
        ),
    )
