"""One customer with a canary in every field that may tell of a person, by every route that takes one."""

from dataclasses import dataclass
from typing import Any

from tests.wire.desk import Desk

CANARY = "qxcanary"
CUSTOMER = f"{CANARY}-id"
NAMED = dict.fromkeys(("name", "phone"), f"{CANARY} name") | {"email": f"{CANARY}@example.com"}
AUTHOR = {"author_name": f"{CANARY} author", "author_email": f"{CANARY}.author@example.com"}
KNOWN_AS = f"{CANARY}-7001"
"""By Quimbi."""
CHANGED = f"{CANARY} changed"


@dataclass(frozen=True)
class Story:
    """`tickets`: one that is open, one resolved, one deleted, in this order. `messages` of the first."""

    desk: Desk
    tickets: tuple[str, str, str]
    messages: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"/api/customers/{CUSTOMER}"


def live_through(desk: Desk) -> Story:
    """All that can happen to a customer."""

    def send(method: str, path: str, body: Any = None, *, once: str | None = None) -> Any:
        headers = {"Idempotency-Key": f"{CANARY}-{once}"} if once else {}
        answer = desk.call(method, path, json=body, headers=headers)
        assert answer.status_code < 300, (path, answer.text)
        return answer.json() if answer.content else None

    send("POST", "/api/ticket-fields", {"key": "said", "label": "Said", "type": "text"})
    send("POST", "/api/customers", {"id": CUSTOMER, **NAMED, **_details("first")}, once="customer")
    send("PATCH", f"/api/customers/{CUSTOMER}", {"name": CHANGED, **_details("second")})
    send("POST", "/api/orders", _order(), once="order")
    first, second, third = (_ticket(send, number) for number in range(3))
    messages = (_message(send, first, from_agent=True), _message(send, first, from_agent=False))
    send("PATCH", f"/api/messages/{messages[0]}", {"content": f"{CANARY} edited"})
    send("DELETE", f"/api/messages/{_message(send, first, from_agent=False)}")
    for ticket in (first, second):
        note = {"content": f"{CANARY} note", "author_name": f"{CANARY} noter"}
        send("POST", f"/api/tickets/{ticket}/notes", note, once=f"note-{ticket}")
    _ask(send, first)
    send(
        "PATCH",
        f"/api/tickets/{first}",
        {"subject": CHANGED, "external_id": f"{CANARY}-2", "add_tags": [f"{CANARY}2"]},
    )
    send("PATCH", f"/api/tickets/{second}", {"status": "resolved"})
    send("DELETE", f"/api/tickets/{third}")
    refused = desk.post("/api/customers", {"id": CUSTOMER}, headers={"Idempotency-Key": f"{CANARY}-again"})
    assert refused.status_code == 409
    return Story(desk, (first, second, third), messages)


def _details(which: str) -> dict[str, Any]:
    told = f"{CANARY} {which}"
    return {"preferences": {"likes": told}, "external_ids": {"quimbi": KNOWN_AS, "shop": told}}


def _order() -> dict[str, Any]:
    return {
        "external_id": f"{CANARY}-order",
        "customer_id": CUSTOMER,
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "total": 10,
        "lines": [{"title": f"{CANARY} tea", "quantity": 1, "price": 10}],
        "refunds": [{"external_id": f"{CANARY}-refund", "at": "2026-02-01T10:00:00Z", "amount": 1}],
        "tracking": {"numbers": [CANARY], "urls": [f"https://{CANARY}.example.com/1"], "carrier": CANARY},
    }


def _ticket(send: Any, number: int) -> str:
    body = {
        "customer_id": CUSTOMER,
        "subject": f"{CANARY} subject",
        "initial_message": f"{CANARY} first words {'and more of them ' * 300}",
        "external_id": f"{CANARY}-ticket-{number}",
        "tags": [f"{CANARY}-tag"],
        "custom_fields": {"said": f"{CANARY} custom"},
        **AUTHOR,
    }
    ticket_id: str = send("POST", "/api/tickets", body, once=f"ticket-{number}")["id"]
    return ticket_id


def _message(send: Any, ticket_id: str, *, from_agent: bool) -> str:
    attachment = {"name": f"{CANARY}.pdf", "url": f"https://{CANARY}.example.com/a.pdf"}
    body = {"content": f"{CANARY} words", "from_agent": from_agent, "attachments": [attachment], **AUTHOR}
    made = send("POST", f"/api/tickets/{ticket_id}/messages", body)
    message_id: str = made["message"]["id"]
    return message_id


def _ask(send: Any, ticket_id: str) -> None:
    """Whatever providers are asked for, so that it is cached and kept."""
    send("GET", f"/api/ai/tickets/{ticket_id}/draft-response")
    send("POST", f"/api/ai/tickets/{ticket_id}/regenerate-draft", {"template": f"{CANARY} template"})
    send("GET", f"/api/ai/tickets/{ticket_id}/recommendation")
    send("PATCH", f"/api/ai/tickets/{ticket_id}/recommendation/actions/0", {"completed": True})
    for question in ("intelligence", "churn", "ltv"):  # last, since a regenerated draft has them asked anew
        send("GET", f"/api/ai/customers/{CUSTOMER}/{question}")
    send("GET", f"/api/tickets/{ticket_id}")
    send("GET", f"/api/customers/{CUSTOMER}")
