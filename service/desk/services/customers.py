"""Customers with what was last learnt of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from providers.models import ChurnPrediction, CustomerRef
from service.customers.models import Customer
from service.customers.services import CustomerService, Named
from service.intelligence.known_facts import LastKnown, LastKnownFacts

REFRESHED_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """`known` None: nothing was ever learnt; of one who was `erased` nothing ever will be."""

    reference: CustomerRef
    name: str | None
    known: LastKnown | None
    erased: bool = False

    @property
    def outdated(self) -> bool:
        return not self.erased and (self.known is None or self.known.outdated)


class KnownCustomers:
    """`refresh`: have the facts of a customer brought up to date behind, some time."""

    def __init__(
        self, customers: CustomerService, facts: LastKnownFacts, refresh: Callable[[CustomerRef], None]
    ) -> None:
        self._customers = customers
        self._facts = facts
        self._refresh = refresh

    def of(self, session: Session, those: Iterable[Named]) -> dict[str, KnownCustomer]:
        """By id, in one statement."""
        people = {person.reference.id: person for person in those}
        facts = self._facts.of(session, people) if people else {}
        return {
            customer_id: KnownCustomer(
                person.reference, person.name, facts.get(customer_id), erased=person.erased
            )
            for customer_id, person in people.items()
        }

    def about(self, session: Session, customer: Customer) -> KnownCustomer:
        """In one statement, since who it is was read before."""
        known = self._facts.of(session, [customer.id]).get(customer.id)
        return KnownCustomer(CustomerRef(customer.id, customer.external_ids), customer.name, known)

    def with_churn(self, session: Session, customer: Named) -> tuple[KnownCustomer, ChurnPrediction | None]:
        """Also what the provider last predicted, in one statement."""
        known, churn = self._facts.with_churn(session, customer.reference.id)
        return KnownCustomer(customer.reference, customer.name, known, erased=customer.erased), churn

    def keep_up_to_date(self, customers: Iterable[KnownCustomer]) -> None:
        """Queue those of whom too little or too old is known: the first 20."""
        due = {customer.reference.id: customer.reference for customer in customers if customer.outdated}
        for reference in list(due.values())[:REFRESHED_AT_ONCE]:
            self._refresh(reference)
