"""Who a customer is: what callers tell of one, and what they change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.models import CustomerRef


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes in; None where they did not say."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """Of whom there is a record. `may_have_orders`: False where it is known that there are none.

    `erased`: it is the record of nobody, in the place of a customer who was erased.
    """

    reference: CustomerRef
    name: str | None
    may_have_orders: bool = True
    erased: bool = False


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

    @classmethod
    def of_person(cls, customer_id: str, person: Person) -> "NewCustomer":
        return cls(id=customer_id, name=person.name, email=person.email)

    @classmethod
    def changed(cls, customer_id: str, change: "CustomerChange") -> "NewCustomer":
        """As one without details is after a change."""
        return cls(
            id=customer_id,
            **change.values,
            preferences=merged({}, change.preferences),
            external_ids=merged({}, change.external_ids),
        )

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


def merged(known: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> dict[str, Any]:
    """`wanted` over what is known; None as a value takes a key away, None as a whole all of them."""
    if wanted is None:
        return {}
    return {name: value for name, value in {**known, **wanted}.items() if value is not None}
