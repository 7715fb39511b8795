"""Who the desk's customers are."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

from cachetools import TTLCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from providers.models import CustomerRef, Order, OrderLine
from providers.ports import Clock
from service.customers import models, queries
from service.database import Database, after_commit, concerns
from service.errors import Conflict, NotFound
from service.events import CUSTOMER_CREATED, CUSTOMER_UPDATED, Event, EventLog, differing
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id, new_ref
from service.text_index import IndexedText, TextIndex, TextKind

REMEMBERED_S = 5
REMEMBERED_CUSTOMERS = 10_000

PERSONAL = ("name", "email", "phone", "preferences", "external_ids")
"""What tells of a person: an id elsewhere and whatever preferences hold may, too."""

PLAIN = ("locale", "time_zone")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes in; None where they did not say."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    reference: CustomerRef
    name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """`id` None: one is made. `external_ids`: provider → the id by which it knows the customer."""

    id: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    preferences: Mapping[str, Any] = field(default_factory=dict)
    external_ids: Mapping[str, str] = field(default_factory=dict)

    def columns(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "locale": self.locale,
            "time_zone": self.time_zone,
            "preferences": dict(self.preferences),
            "external_ids": dict(self.external_ids),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerChange:
    """`values`: each of name, email, phone, locale and time_zone that is to be another.

    Of `preferences` and `external_ids` the keys named change, None takes one away; None in their place
    takes all away.
    """

    values: Mapping[str, str | None] = field(default_factory=dict)
    preferences: Mapping[str, Any] | None = field(default_factory=dict)
    external_ids: Mapping[str, str | None] | None = field(default_factory=dict)


class CustomerService:
    """Known customers are remembered for a few seconds, so that a warm answer costs no query."""

    def __init__(self, database: Database, events: EventLog, clock: Clock, index: TextIndex) -> None:
        self._database = database
        self._events = events
        self._index = index
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

    def person(self, customer_id: str) -> Person:
        """Raises `NotFound`."""
        customer = self.read(customer_id)
        return Person(customer.name, customer.email, customer.phone, customer.locale)

    def people(self, session: Session, customer_ids: Collection[str]) -> dict[str, Named]:
        """By id, in one query; one who is not there is left out."""
        return {
            row.id: Named(CustomerRef(row.id, row.external_ids), row.name)
            for row in queries.named(session, customer_ids)
        }

    def any_customer(self) -> str | None:
        """The id of one taken at random; None while there are none."""
        with self._database.reading() as session:
            return queries.customer_near(session, new_ref())

    def ensure(self, session: Session, customer_id: str, person: Person, *, actor: str) -> None:
        """Create the customer if unknown; a known one's details do not change."""
        concerns(session, customer_id)
        if queries.refs(session, [customer_id]):
            return
        new = NewCustomer(id=customer_id, name=person.name, email=person.email)
        self._insert_absent(session, [new], actor=actor)

    def ensure_all(self, session: Session, customer_ids: Collection[str], *, actor: str) -> dict[str, str]:
        """Create the unknown ones, with nothing but their ids. Returns the refs of all, by id."""
        for customer_id in customer_ids:
            concerns(session, customer_id)
        known = queries.refs(session, customer_ids)
        absent = sorted(set(customer_ids) - set(known))
        if not absent:
            return known
        self._insert_absent(session, [NewCustomer(id=customer_id) for customer_id in absent], actor=actor)
        return known | queries.refs(session, absent)

    def create(self, new: NewCustomer, *, actor: str) -> models.Customer:
        """Raises `Conflict` for an id that is taken."""
        named = replace(new, id=new.id or new_id("customer"))
        with self._database.writing() as session:
            concerns(session, str(named.id))
            if not self._insert_absent(session, [named], actor=actor):
                raise Conflict(f"id: there is a customer {named.id!r}; change that one, or choose another.")
            return session.get_one(models.Customer, named.id)

    def change(self, customer_id: str, change: CustomerChange, *, actor: str) -> models.Customer:
        """What is not named stays; of several at once each named field is the last writer's.

        Raises `NotFound`.
        """
        with self._database.writing() as session:
            customer = queries.held(session, customer_id)
            if customer is None:
                raise NotFound("customer", customer_id)
            before = _state(customer)
            for name, value in change.values.items():
                setattr(customer, name, value)
            customer.preferences = _merged(customer.preferences, change.preferences)
            customer.external_ids = _merged(customer.external_ids, change.external_ids)
            plain, personal = _differing(before, _state(customer))
            if plain or personal:
                customer.updated_at = self._clock.now()
                self._index.replace(session, found_by(customer.id, customer.name, customer.email))
                self._events.record(
                    session,
                    Event(
                        type=CUSTOMER_UPDATED,
                        subject_type="customer",
                        subject_id=customer.ref,
                        actor=actor,
                        at=customer.updated_at,
                        before=plain.get("before"),
                        after=plain.get("after"),
                        personal=personal or None,
                    ),
                )
                after_commit(session, partial(self._forget, customer_id))
        return customer

    def read(self, customer_id: str) -> models.Customer:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            customer = session.get(models.Customer, customer_id)
        if customer is None:
            raise NotFound("customer", customer_id)
        return customer

    def listing(self, page: Page, *, email: str | None = None) -> Listing[models.Customer]:
        """Newest first. `email` in upper or lower case."""
        with self._database.reading() as session:
            rows = queries.customers_page(session, page, email=email)
            total, estimated = queries.count_customers(session, email=email)
        return paginate(
            rows,
            page,
            total=total,
            estimated=estimated,
            place=lambda customer: Cursor(customer.created_at, customer.id),
        )

    def ids_of(self, session: Session, refs: Collection[str]) -> Collection[str]:
        return queries.ids_of(session, refs)

    def recent_orders(self, customer_id: str, *, limit: int) -> list[Order]:
        with self._database.reading() as session:
            return [_as_context(order) for order in queries.recent_orders(session, customer_id, limit)]

    def _insert_absent(self, session: Session, those: Collection[NewCustomer], *, actor: str) -> bool:
        """Whether any was not there before; those have their event."""
        now = self._clock.now()
        rows: dict[str, dict[str, Any]] = {
            str(new.id): {"ref": new_ref(), "created_at": now, "updated_at": now} | new.columns()
            for new in those
        }
        created = queries.insert_absent(session, [{"id": key} | row for key, row in rows.items()])
        self._events.record_all(
            session, [_created(rows[customer_id], actor, now) for customer_id in sorted(created)]
        )
        self._index.add(
            session, [found_by(key, rows[key]["name"], rows[key]["email"]) for key in sorted(created)]
        )
        return bool(created)

    def _forget(self, customer_id: str) -> None:
        with self._lock:
            self._known.pop(customer_id, None)


def found_by(customer_id: str, name: str | None, email: str | None) -> IndexedText:
    text = " ".join(filter(None, [name, email]))
    return IndexedText(TextKind.CUSTOMER, customer_id, text, customer_id=customer_id)


def _created(row: Mapping[str, Any], actor: str, at: datetime) -> Event:
    plain = {name: row[name] for name in PLAIN if row[name] is not None}
    return Event(
        type=CUSTOMER_CREATED,
        subject_type="customer",
        subject_id=row["ref"],
        actor=actor,
        at=at,
        after=plain or None,
        personal={name: row[name] for name in PERSONAL if name in {"name", "email"} or row[name]},
    )


def _state(customer: models.Customer) -> dict[str, Any]:
    return {name: getattr(customer, name) for name in (*PLAIN, *PERSONAL)}


def _differing(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, Any]]]:
    """The plain fields, and those about a person."""

    def part(names: Collection[str]) -> dict[str, dict[str, Any]]:
        return differing({name: before[name] for name in names}, {name: after[name] for name in names})

    return part(PLAIN), part(PERSONAL)


def _merged(known: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    if wanted is None:
        return {}
    return {name: value for name, value in {**known, **wanted}.items() if value is not None}


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
