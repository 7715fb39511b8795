"""A day at the desk, from the first mail on; whatever database it has, and however the provider does."""

from collections.abc import Iterator
from typing import Any

import pytest

from providers.testing.quimbi_simulator import QuimbiSimulator
from tests.wire.agent import BRIEF_DEADLINES, PROVIDERS_LANE, Agent, Provider, quimbi_that_is
from tests.wire.cases import eventually, numbers_in
from tests.wire.conftest import StartDesk, pointing_at

ALERTS = "chargeback,never arrived"
SECRET = "Quetzalcoatl"
"""Stands in an internal note, and nowhere else."""


@pytest.fixture(params=list(Provider))
def provider(request: pytest.FixtureRequest) -> Provider:
    return Provider(request.param)


@pytest.fixture
def quimbi(provider: Provider) -> Iterator[QuimbiSimulator]:
    with quimbi_that_is(provider) as quimbi:
        yield quimbi


@pytest.fixture
def agent(start_desk: StartDesk, migrated_url: str, quimbi: QuimbiSimulator, provider: Provider) -> Agent:
    environment = pointing_at(quimbi) | (BRIEF_DEADLINES if provider is Provider.HANGING else {})
    return Agent(start_desk(**environment | {"DATABASE_URL": migrated_url}), provider)


def test_an_agents_day(agent: Agent, quimbi: QuimbiSimulator) -> None:
    washing, invoice, parcel = mail_comes_in(agent)
    the_inbox_is_by_score(agent, [washing, invoice, parcel])
    an_alert_lifts_what_it_matches(agent, parcel)
    the_parcel_is_opened(agent, parcel)
    a_draft_is_read_regenerated_and_sent(agent, parcel)
    a_note_stays_in_the_house(agent, parcel, quimbi)
    what_is_urgent_goes_up(agent, washing, invoice)
    a_closed_ticket_reopens_when_the_customer_writes(agent, parcel)
    words_are_found(agent, parcel, invoice)
    messages_are_edited_deleted_and_reset(agent, parcel)
    tickets_have_fields_of_their_own(agent, invoice)
    what_is_deleted_can_be_restored(agent, invoice)
    what_is_sent_twice_is_done_once(agent)
    orders_come_in(agent)
    customers_are_kept(agent, parcel)
    the_history_tells_the_day(agent, washing)
    the_desk_never_waited_for_the_provider(agent, quimbi)


def mail_comes_in(agent: Agent) -> list[str]:
    """By customer: what each writes."""
    letters: list[dict[str, Any]] = [
        {
            "customer_id": "ann",
            "subject": "Washing",
            "priority": "low",
            "initial_message": "Can I wash the jacket at 40 degrees?",
        },
        {"customer_id": "bob", "subject": "Invoice", "initial_message": "Please send the invoice again."},
        {
            "customer_id": "cleo",
            "subject": "Parcel never arrived",
            "channel": "chat",
            "initial_message": "Two weeks now. My bank will do a chargeback.",
            "author_name": "Cleo Zimmer",
            "author_email": "cleo@example.com",
        },
    ]
    made = []
    for letter in letters:
        answer = agent.call("POST", "/api/tickets", letter, expects=201)
        created = answer.json()
        assert (created["status"], created["notes"]) == ("created", [])
        assert answer.headers["Location"] == f"/api/tickets/{created['id']}"
        assert [message["content"] for message in created["messages"]] == [letter["initial_message"]]
        made.append(created["id"])
    return made


def the_inbox_is_by_score(agent: Agent, tickets: list[str]) -> None:
    inbox = agent.inbox(status="open", smart_order="true")
    assert sorted(row["id"] for row in inbox["tickets"]) == sorted(tickets)
    assert inbox["pagination"]["total"] == 3
    assert (inbox["topic_alerts_active"], inbox["matches"]) == ([], 0)
    scores = [row["smart_score"] for row in inbox["tickets"]]
    assert scores == sorted(scores, reverse=True)
    for row in inbox["tickets"]:
        assert row["matches_topic_alert"] is False
        assert (row["last_message_from_agent"], row["message_count"]) == (False, 1)
        told = agent.reads(f"/api/tickets/{row['id']}/score-breakdown")
        assert sum(part["value"] for part in told["components"]) == pytest.approx(told["total_score"])
    if agent.is_up:
        cleo = eventually(lambda: known(agent, tickets[2]))
        assert (cleo["churn_risk"], cleo["churn_risk_level"]) == (0.9, "high")
        assert cleo["revenue_at_risk"] == pytest.approx(0.9 * cleo["lifetime_value"])
    for row in [] if agent.is_up else inbox["tickets"]:
        assert list(numbers_in(row["customer"])) == []
        assert row["customer"]["churn_risk_level"] == "unknown"


def known(agent: Agent, ticket_id: str) -> Any:
    """What the inbox tells of the ticket's customer, once the refresh behind it has been."""
    (customer,) = [row["customer"] for row in agent.inbox()["tickets"] if row["id"] == ticket_id]
    return None if customer["churn_risk"] is None else customer


def an_alert_lifts_what_it_matches(agent: Agent, parcel: str) -> None:
    inbox = agent.inbox(topic_alerts=ALERTS)
    first, *others = inbox["tickets"]
    assert (first["id"], first["matches_topic_alert"]) == (parcel, True)
    assert not any(row["matches_topic_alert"] for row in others)
    assert (inbox["topic_alerts_active"], inbox["matches"]) == (ALERTS.split(","), 1)
    told = agent.reads(f"/api/tickets/{parcel}/score-breakdown", topic_alerts=ALERTS)
    (alert,) = [part for part in told["components"] if part["name"] == "topic_alert"]
    assert alert["value"] == 5


def the_parcel_is_opened(agent: Agent, parcel: str) -> None:
    answer = agent.call("GET", f"/api/tickets/{parcel}")
    ticket = answer.json()
    assert answer.headers["ETag"] == '"1"'
    assert (ticket["channel"], ticket["status"], ticket["messages_truncated"]) == ("chat", "open", False)
    assert ticket["messages"][0]["author_name"] == "Cleo Zimmer"
    assert ticket["first_response_at"] is None


def a_draft_is_read_regenerated_and_sent(agent: Agent, parcel: str) -> None:
    first = agent.draft(parcel)
    again = agent.regenerates(parcel, tone="apologetic")
    assert again["draft_id"] != first["draft_id"]
    if agent.is_up:
        assert again["churn_risk"] == 0.9
        stored = agent.draft(parcel)
        assert (stored["draft_id"], stored["provenance"]["source"]) == (again["draft_id"], "stored")
    else:
        assert agent.draft(parcel)["draft_id"] != again["draft_id"]  # a degraded one never sticks
    sent = agent.says(parcel, again["draft"], draft_id=again["draft_id"], send_to_customer=True)
    assert sent["message"]["from_agent"] is True
    assert sent["ticket_updated"]["first_response_at"] == sent["message"]["created_at"]
    afterwards = agent.draft(parcel)
    assert afterwards["draft_id"] != again["draft_id"]
    assert afterwards["provenance"]["source"] != "stored"
    report = agent.reads("/api/analytics/drafts")
    (by_provider,) = report["by_provider"]
    assert by_provider["provider"] == ("quimbi" if agent.is_up else "fallback")
    assert (report["total"]["verbatim"], report["total"]["unused"]) == (1, 2 if agent.is_up else 3)


def a_note_stays_in_the_house(agent: Agent, parcel: str, quimbi: QuimbiSimulator) -> None:
    note = agent.writes(f"/api/tickets/{parcel}/notes", {"content": f"Ask {SECRET}.", "author_name": "Kim"})
    assert agent.reads(f"/api/tickets/{parcel}/notes")["notes"] == [note["note"]]
    ticket = agent.reads(f"/api/tickets/{parcel}")
    assert ticket["notes"] == [note["note"]]
    assert all(SECRET not in message["content"] for message in ticket["messages"])
    assert SECRET not in agent.regenerates(parcel)["draft"]
    assert SECRET not in str([request.body for request in quimbi.requests()])
    assert agent.inbox(q=SECRET)["tickets"] == []
    assert agent.inbox(topic_alerts=SECRET)["matches"] == 0


def what_is_urgent_goes_up(agent: Agent, washing: str, invoice: str) -> None:
    eventually(lambda: places(agent, washing, invoice) == "below" or None)
    ticket = agent.changes(f"/api/tickets/{washing}", priority="urgent", add_tags=["care", "jackets"])[
        "ticket"
    ]
    assert (ticket["priority"], ticket["tags"]) == ("urgent", ["care", "jackets"])
    assert places(agent, washing, invoice) == "above"
    assert agent.order(tag="care") == [washing]
    assert agent.order(priority="urgent") == [washing]


def places(agent: Agent, one: str, other: str) -> str:
    order = agent.order()
    return "above" if order.index(one) < order.index(other) else "below"


def a_closed_ticket_reopens_when_the_customer_writes(agent: Agent, parcel: str) -> None:
    closed = agent.changes(f"/api/tickets/{parcel}", status="closed")["ticket"]
    assert closed["closed_at"] is not None
    assert agent.order(status="closed") == [parcel]
    assert agent.inbox(status="closed")["pagination"]["total"] == 1
    assert parcel not in agent.order(status="open")
    reopened = agent.says(parcel, "It is still not here!", from_agent=False)["ticket_updated"]
    assert (reopened["status"], reopened["closed_at"]) == ("open", None)
    assert agent.inbox(status="closed")["pagination"]["total"] == 0
    assert parcel in agent.order(status="open")


def words_are_found(agent: Agent, parcel: str, invoice: str) -> None:
    for words in ("chargeback", '"never arrived"', "STILL here", "Zimmer", "cleo@example.com"):
        assert agent.order(q=words) == [parcel], words
    assert agent.order(q="invoice again") == [invoice]
    assert agent.inbox(q="chargeback", status="closed")["tickets"] == []
    assert agent.inbox(q="chargeback")["pagination"]["total"] == 1


def messages_are_edited_deleted_and_reset(agent: Agent, parcel: str) -> None:
    message = agent.says(parcel, "We have sent it by pigeon.")["message"]
    edited = agent.changes(f"/api/messages/{message['id']}", content="We have sent it by courier.")["message"]
    assert (edited["id"], edited["content"]) == (message["id"], "We have sent it by courier.")
    assert edited["edited_at"] is not None
    assert (agent.order(q="courier"), agent.order(q="pigeon")) == ([parcel], [])
    agent.deletes(f"/api/messages/{message['id']}")
    left = agent.reads(f"/api/tickets/{parcel}/messages")["messages"]
    assert (len(left), message["id"] in {one["id"] for one in left}) == (3, False)
    assert agent.order(q="courier") == []
    reset = agent.writes(f"/api/tickets/{parcel}/reset-conversation", expects=200)
    assert (reset["status"], reset["messages_deleted"]) == ("reset", 2)
    assert agent.reads(f"/api/tickets/{parcel}/messages")["messages"] == left[:1]


def tickets_have_fields_of_their_own(agent: Agent, invoice: str) -> None:
    agent.writes("/api/ticket-fields", {"key": "invoice_number", "label": "Invoice", "type": "number"})
    path = f"/api/tickets/{invoice}"
    assert agent.changes(path, custom_fields={"invoice_number": 17})["ticket"]["custom_fields"] == {
        "invoice_number": 17
    }
    wrong = agent.call("PATCH", path, {"custom_fields": {"invoice_number": "17"}}, expects=422).json()
    assert list(wrong["errors"]) == ["custom_fields.invoice_number"]
    assert agent.reads(path)["custom_fields"] == {"invoice_number": 17}


def what_is_deleted_can_be_restored(agent: Agent, invoice: str) -> None:
    agent.deletes(f"/api/tickets/{invoice}")
    agent.call("GET", f"/api/tickets/{invoice}", expects=404)
    assert invoice not in agent.order()
    assert agent.inbox(status="open")["pagination"]["total"] == 2
    restored = agent.writes(f"/api/tickets/{invoice}/restore", expects=200)["ticket"]
    assert (restored["id"], restored["custom_fields"]) == (invoice, {"invoice_number": 17})
    assert invoice in agent.order()
    assert agent.order(q="invoice again") == [invoice]


def what_is_sent_twice_is_done_once(agent: Agent) -> None:
    key = {"Idempotency-Key": "once-and-no-more"}
    new = {"customer_id": "ann", "subject": "Sent twice"}
    first = agent.call("POST", "/api/tickets", new, expects=201, headers=key)
    second = agent.call("POST", "/api/tickets", new, expects=201, headers=key)
    assert second.json() == first.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert agent.order(q="twice") == [first.json()["id"]]
    agent.call("POST", "/api/tickets", new | {"subject": "Another"}, expects=422, headers=key)


def orders_come_in(agent: Agent) -> None:
    lines = [{"title": "Green tea", "quantity": 2, "price": 9.95}]
    order = {"customer_id": "cleo", "currency": "EUR", "status": "paid", "total": 19.9, "lines": lines}
    sent = [
        order | {"external_id": "1041", "ordered_at": "2026-01-30T10:00:00Z"},
        order | {"external_id": "1042", "ordered_at": "2026-01-31T10:00:00+01:00", "total": 20.1},
        order | {"external_id": "1043", "ordered_at": "yesterday"},
    ]
    before = agent.reads("/api/customers/cleo")
    assert (before["order_count"], before["total_spent"], before["last_order_at"]) == (0, [], None)
    recorded = agent.writes("/api/orders", {"orders": sent}, expects=200)
    assert (recorded["created"], recorded["updated"]) == (2, 0)
    assert [(one["index"], list(one["errors"])) for one in recorded["rejected"]] == [(2, ["ordered_at"])]
    assert agent.writes("/api/orders", sent[0], expects=200)["updated"] == 1
    after = agent.reads("/api/customers/cleo")
    assert (after["order_count"], after["total_spent"]) == (2, [{"currency": "EUR", "amount": 40.0}])
    assert after["last_order_at"].startswith("2026-01-31T09:00:00")
    orders = agent.reads("/api/customers/cleo/orders")["orders"]
    assert [one["external_id"] for one in orders] == ["1042", "1041"]


def customers_are_kept(agent: Agent, parcel: str) -> None:
    assert agent.reads("/api/customers/cleo")["name"] == "Cleo Zimmer"
    made = agent.writes("/api/customers", {"id": "dan", "name": "Dan", "preferences": {"newsletter": False}})
    assert (made["id"], made["order_count"]) == ("dan", 0)
    agent.call("POST", "/api/customers", {"id": "dan"}, expects=409)
    assert agent.changes("/api/customers/dan", phone="+43 1 234567")["name"] == "Dan"
    listed = [customer["id"] for customer in agent.reads("/api/customers")["customers"]]
    assert sorted(listed) == ["ann", "bob", "cleo", "dan"]
    assert [row["id"] for row in agent.reads("/api/customers/cleo/tickets")["tickets"]] == [parcel]


def the_history_tells_the_day(agent: Agent, washing: str) -> None:
    created, message, updated = agent.history(washing)
    assert [event["type"] for event in (created, message, updated)] == [
        "ticket.created",
        "message.added",
        "ticket.updated",
    ]
    assert updated["before"] == {"priority": "low", "tags": []}
    assert updated["after"] == {"priority": "urgent", "tags": ["care", "jackets"]}
    assert all(event["actor"] and event["at"].endswith("Z") for event in (created, message, updated))


def the_desk_never_waited_for_the_provider(agent: Agent, quimbi: QuimbiSimulator) -> None:
    """No call to the provider is on behalf of a request to the desk's own routes."""
    heard = {request.headers.get("traceparent", "")[3:35] for request in quimbi.requests()}
    on_behalf_of = {agent.traces[trace] for trace in heard & set(agent.traces)}
    assert all(path.startswith(PROVIDERS_LANE) for path in on_behalf_of), on_behalf_of
    assert bool(on_behalf_of) is (agent.provider is not Provider.GONE)
