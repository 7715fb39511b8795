"""Desks whose stub is in the test's hands, on either database, and what they show of customers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from service.testing.desk import SupportDesk, desk_with_stub
from tests.wire.cases import eventually

ANALYZE = "analyze"


@contextmanager
def showing_desk(url: str, log_file: str, **environment: str) -> Iterator[SupportDesk]:
    with desk_with_stub({"DATABASE_URL": url, "LOG_FILE": log_file} | environment) as desk:
        yield desk


def learn(desk: SupportDesk, customer_id: str, *questions: str) -> None:
    """Have the desk ask its provider about the customer, and keep what it says."""
    for question in questions or ("intelligence",):
        answer = desk.get(f"/api/ai/customers/{customer_id}/{question}")
        assert answer.status_code == 200, answer.text


def buy(desk: SupportDesk, external_id: str, customer_id: str = "cust_1", **fields: Any) -> None:
    order = {
        "external_id": external_id,
        "customer_id": customer_id,
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "total": 19.9,
        "lines": [{"title": "Green tea", "vendor": "Leaf & Co", "quantity": 2, "price": 9.95}],
    }
    assert desk.post("/api/orders", order | fields).status_code == 200


def page(desk: SupportDesk, ticket_id: str) -> dict[str, Any]:
    answer = desk.get(f"/api/tickets/{ticket_id}")
    assert answer.status_code == 200, answer.text
    ticket: dict[str, Any] = answer.json()
    return ticket


def asked_behind(desk: SupportDesk, customer_id: str, times: int = 1) -> bool:
    """Whether the provider was asked that often, sooner or later."""
    return bool(eventually(lambda: desk.stub.calls(ANALYZE, customer=customer_id) >= times or None))
