from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from service.customers.orders import NewOrder
from service.customers.schemas.orders import NewOrderSchema
from service.customers.services import OrderService
from service.importing.columns import Columns
from service.importing.kinds import Kind
from service.importing.rows import Errors
from service.upserts import Upsert


class Orders(Kind[NewOrder]):
    """In a spreadsheet each line, and each refund, is a row; rows of one order are neighbours."""

    name: ClassVar[str] = "orders"

    def __init__(self, orders: OrderService) -> None:
        self._orders = orders
        self._schema = NewOrderSchema()

    def begin(self) -> Columns:
        return Columns(
            key="external_id",
            schema=self._schema,
            separated=frozenset({"tracking.numbers", "tracking.urls"}),
            repeated=frozenset({"lines", "refunds"}),
        )

    def accept(self, values: Mapping[str, Any]) -> NewOrder:
        order: NewOrder = self._schema.load(values)
        return order

    def store(
        self, session: Session, accepted: Sequence[NewOrder], *, actor: str
    ) -> Sequence[Upsert | Errors]:
        outcomes = self._orders.record_within(session, accepted, actor=actor)
        return [outcomes[order.external_id] for order in accepted]
