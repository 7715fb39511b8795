from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from marshmallow import post_load
from sqlalchemy.orm import Session

from service.customers.schemas.customers import CustomerChangeSchema
from service.customers.services import CustomerChange, CustomerService
from service.http.fields import CallerId
from service.importing.columns import Columns
from service.importing.kinds import Kind, told
from service.importing.rows import Errors
from service.upserts import Upsert


@dataclass(frozen=True, slots=True)
class BroughtCustomer:
    id: str
    change: CustomerChange


class BroughtCustomerSchema(CustomerChangeSchema):
    """As a PATCH takes it, with the id in it."""

    id = CallerId(required=True)

    @post_load
    def _make(self, values: dict[str, Any], **_: Any) -> BroughtCustomer:
        customer_id = values.pop("id")
        return BroughtCustomer(customer_id, super()._make(values))


class Customers(Kind[BroughtCustomer]):
    """What is given takes the place of what is known; of preferences and external ids, key by key."""

    name: ClassVar[str] = "customers"

    def __init__(self, customers: CustomerService) -> None:
        self._customers = customers
        self._schema = BroughtCustomerSchema()

    def begin(self) -> Columns:
        return Columns(key="id", schema=self._schema)

    def accept(self, values: Mapping[str, Any]) -> BroughtCustomer:
        customer: BroughtCustomer = self._schema.load(values)
        return customer

    def store(
        self, session: Session, accepted: Sequence[BroughtCustomer], *, actor: str
    ) -> Sequence[Upsert | Errors]:
        wanted = {customer.id: customer.change for customer in accepted}
        outcomes = self._customers.bring(session, wanted, actor=actor)
        return [told(outcomes[customer.id]) for customer in accepted]
