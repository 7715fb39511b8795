"""Orders as shops send them, complete and as short to write as they can be."""

from typing import Any

from service.customers.orders import NewOrder
from service.customers.schemas.orders import load_order


def sent(external_id: str = "1042", **fields: Any) -> dict[str, Any]:
    return {
        "external_id": external_id,
        "customer_id": "cust_1",
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "total": 19.9,
        "lines": [{"title": "Green tea", "quantity": 2, "price": 9.95}],
    } | fields


def loaded(external_id: str = "1042", **fields: Any) -> NewOrder:
    order = load_order(sent(external_id, **fields))
    assert isinstance(order, NewOrder), order
    return order
