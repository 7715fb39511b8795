"""Who the desk's customers are."""

import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from cachetools import TTLCache
from sqlalchemy import select
from sqlalchemy.orm import Session

from providers.models import CustomerRef, Order, OrderLine
from providers.ports import Clock
from service.customers import models, queries
from service.customers.bounds import fault_of_external_ids, fault_of_preferences
from service.customers.people import CustomerChange, Named, NewCustomer, Person, merged
from service.customers.search_queries import CustomerSearch
from service.customers.telling import changed_parts, state_of, told_of_creation
from service.database import Database, after_commit, concerns
from service.errors import Conflict, InvalidField, NotFound
from service.events import CUSTOMER_UPDATED, Event, EventLog
from service.http.pagination import Cursor, Listing, Page, paginate
from service.identifiers import new_id, new_ref
from service.text_index import IndexedText, Phrase, TextIndex, TextKind
from service.upserts import Upsert

REMEMBERED_S = 5
REMEMBERED_CUSTOMERS = 10_000

WAS_ERASED = "Stands in the place of a customer who was erased; take another id."


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
                select(models.Customer.external_ids).where(
                    models.Customer.id == customer_id, models.Customer.erased_at.is_(None)
                )
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
            row.id: Named(CustomerRef(row.id, row.external_ids), row.name, erased=row.erased_at is not None)
            for row in queries.named(session, customer_ids)
        }

    def named(self, session: Session, customer_id: str) -> Named:
        """In one query. Raises `NotFound`."""
        found = self.people(session, [customer_id]).get(customer_id)
        if found is None:
            raise NotFound("customer", customer_id)
        return found

    def at_random(self, session: Session, limit: int) -> Sequence[str]:
        """The ids of some, `limit` at most."""
        return queries.customers_near(session, new_ref(), limit)

    def ensure(self, session: Session, customer_id: str, person: Person, *, actor: str) -> None:
        """Create the customer if unknown; a known one's details do not change.

        Raises `InvalidField` for an id that stands in the place of one who was erased.
        """
        concerns(session, customer_id)
        if queries.is_there(session, customer_id):
            return
        created = self._insert_absent(session, [NewCustomer.of_person(customer_id, person)], actor=actor)
        if not created and not queries.is_there(session, customer_id):
            raise InvalidField("customer_id", WAS_ERASED)

    def ensure_all(
        self,
        session: Session,
        customer_ids: Collection[str],
        *,
        actor: str,
        people: Mapping[str, Person] | None = None,
    ) -> dict[str, str]:
        """Create the unknown ones, with what `people` tells of them. Returns the refs of all, by id.

        Raises `InvalidField` for an id that stands in the place of one who was erased.
        """
        for customer_id in customer_ids:
            concerns(session, customer_id)
        known = queries.refs(session, customer_ids)
        absent = sorted(set(customer_ids) - set(known))
        if not absent:
            return known
        who = people or {}
        self._insert_absent(
            session,
            [NewCustomer.of_person(customer_id, who.get(customer_id, Person())) for customer_id in absent],
            actor=actor,
        )
        known |= queries.refs(session, absent)
        if any(customer_id not in known for customer_id in absent):
            raise InvalidField("customer_id", WAS_ERASED)
        return known

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

        Raises `NotFound`, and `InvalidField` for preferences or external ids that become too many.
        """
        with self._database.writing() as session:
            customer = queries.held(session, customer_id)
            if customer is None:
                raise NotFound("customer", customer_id)
            self._apply(session, customer, change, actor=actor)
        return customer

    def bring(
        self, session: Session, wanted: Mapping[str, CustomerChange], *, actor: str
    ) -> dict[str, Upsert | InvalidField]:
        """Create the unknown ones, change the others; what became of each, by id."""
        created = self._insert_absent(
            session,
            [NewCustomer.changed(customer_id, wanted[customer_id]) for customer_id in sorted(wanted)],
            actor=actor,
        )
        outcomes: dict[str, Upsert | InvalidField] = dict.fromkeys(created, Upsert.CREATED)
        with session.no_autoflush:
            for customer in queries.all_held(session, wanted.keys() - created):
                if customer.erased_at is not None:
                    outcomes[customer.id] = InvalidField("id", WAS_ERASED)
                    continue
                try:
                    changed = self._apply(session, customer, wanted[customer.id], actor=actor)
                except InvalidField as error:
                    outcomes[customer.id] = error
                else:
                    outcomes[customer.id] = Upsert.UPDATED if changed else Upsert.UNCHANGED
        return outcomes

    def read(self, customer_id: str) -> models.Customer:
        """Raises `NotFound`."""
        with self._database.reading() as session:
            customer = session.get(models.Customer, customer_id)
        if customer is None or customer.erased_at is not None:
            raise NotFound("customer", customer_id)
        return customer

    def listing(
        self, page: Page, *, email: str | None = None, terms: Sequence[Phrase] = ()
    ) -> Listing[models.Customer]:
        """Newest first. `email` in upper or lower case; each of the `terms` in the name or the address."""
        with self._database.reading() as session:
            if terms:
                search = CustomerSearch(session, self._index, terms, email=email)
                rows, (total, estimated) = search.page(page), search.count()
            else:
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
        return queries.ids_by_ref(session, refs).values()

    def by_ref(self, session: Session, refs: Collection[str]) -> dict[str, str]:
        """The ids of those that there are."""
        return queries.ids_by_ref(session, refs)

    def recent_orders(self, customer_id: str, *, limit: int) -> list[Order]:
        with self._database.reading() as session:
            return [_as_context(order) for order in queries.recent_orders(session, customer_id, limit)]

    def _apply(
        self, session: Session, customer: models.Customer, change: CustomerChange, *, actor: str
    ) -> bool:
        """Whether anything is not as it was. Raises `InvalidField`, and has then changed nothing."""
        before = state_of(customer)
        preferences = merged(customer.preferences, change.preferences)
        external_ids = merged(customer.external_ids, change.external_ids)
        _check_bounds(preferences, external_ids)
        for name, value in change.values.items():
            setattr(customer, name, value)
        customer.preferences, customer.external_ids = preferences, external_ids
        plain, personal = changed_parts(before, state_of(customer))
        if plain or personal:
            customer.updated_at = self._clock.now()
            if personal and personal["after"].keys() & {"name", "email"}:
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
            after_commit(session, partial(self.forget, customer.id))
        return bool(plain or personal)

    def _insert_absent(self, session: Session, those: Collection[NewCustomer], *, actor: str) -> set[str]:
        """Those that were not there before; they have their event."""
        now = self._clock.now()
        rows: dict[str, dict[str, Any]] = {
            str(new.id): {"ref": new_ref(), "created_at": now, "updated_at": now} | new.columns()
            for new in those
        }
        created = queries.insert_absent(session, [{"id": key} | row for key, row in rows.items()])
        self._events.record_all(
            session, [told_of_creation(rows[customer_id], actor, now) for customer_id in sorted(created)]
        )
        self._index.add(
            session, [found_by(key, rows[key]["name"], rows[key]["email"]) for key in sorted(created)]
        )
        return created

    def forget(self, customer_id: str) -> None:
        """What this process remembers of the customer."""
        with self._lock:
            self._known.pop(customer_id, None)


def found_by(customer_id: str, name: str | None, email: str | None) -> IndexedText:
    text = " ".join(filter(None, [name, email]))
    return IndexedText(TextKind.CUSTOMER, customer_id, text, customer_id=customer_id)


def _check_bounds(preferences: Mapping[str, Any], external_ids: Mapping[str, str]) -> None:
    for name, fault in (
        ("preferences", fault_of_preferences(preferences)),
        ("external_ids", fault_of_external_ids(external_ids)),
    ):
        if fault:
            raise InvalidField(name, fault)


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
