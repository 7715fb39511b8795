"""`GET /api/tickets/{id}` and `GET /api/customers/{id}`: what is known stands where agents look."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from providers.testing.quimbi_simulator import QuimbiSimulator
from service.testing.desk import SupportDesk
from tests.wire.conftest import StartDesk, pointing_at
from tests.wire.intelligence_shown import ANALYZE, asked_behind, buy, learn, page, showing_desk
from tests.wire.watching import statements

NOTHING_KNOWN: dict[str, Any] = {
    "name": None,
    "churn_risk": None,
    "churn_risk_level": "unknown",
    "lifetime_value": None,
    "currency": None,
    "revenue_at_risk": None,
    "archetype_id": None,
    "dna": {},
    "communication_guidance": [],
    "as_of": None,
    "outdated": True,
}
NO_FIGURES = {"lifetime_value": None, "total_orders": None, "avg_order_value": None}
MOST_STATEMENTS = 7


@pytest.fixture
def desk(migrated_url: str, tmp_path: Path) -> Iterator[SupportDesk]:
    """On SQLite and on PostgreSQL."""
    with showing_desk(migrated_url, str(tmp_path / "app.log")) as desk:
        yield desk


def profile_of(desk: SupportDesk, ticket_id: str) -> dict[str, Any]:
    profile: dict[str, Any] | None = page(desk, ticket_id)["customer_profile"]
    assert profile is not None
    return profile


def test_a_ticket_shows_the_profile_that_was_last_learnt(desk: SupportDesk) -> None:
    memberships = {"price_sensitivity": {"deal_hunter": 0.75, "value_seeker": 0.25}}
    desk.stub.answers(ANALYZE, {"archetype": {"memberships": memberships}})
    ticket_id = desk.new_ticket("cust_1")
    learn(desk, "cust_1", "intelligence", "churn")
    told = desk.get("/api/ai/customers/cust_1/intelligence").json()
    churn = desk.get("/api/ai/customers/cust_1/churn").json()
    ticket = page(desk, ticket_id)
    profile = ticket["customer_profile"]
    assert profile["customer_id"] == "cust_1"
    assert profile["archetype"] == {
        "id": told["archetype"]["id"],
        "archetype_id": told["archetype"]["id"],
        "level": "L2",
        "dominant_segments": told["archetype"]["segments"],
    }
    assert profile["dominant_segments"] == told["archetype"]["segments"]
    assert profile["segment_memberships"] == memberships
    assert profile["business_metrics"] == told["behavioral_metrics"] | {"currency": told["currency"]}
    assert profile["churn_risk"] == {
        "churn_risk_score": told["predictions"]["churn_risk"],
        "risk_level": told["predictions"]["churn_risk_level"],
        "recommendation": churn["recommendations"][0],
    }
    assert profile["communication_guidance"] == told["communication_guidance"]
    assert profile["last_purchase"] is None
    provenance = profile["provenance"]
    assert (provenance["provider"], provenance["source"], provenance["degraded"]) == ("stub", "cache", False)
    assert provenance["age_s"] >= 0
    assert (ticket["sla"], ticket["assignment"]) == (None, None)


def test_the_ticket_the_list_and_the_customer_say_the_same_of_the_customer(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_1")
    learn(desk, "cust_1")
    told = desk.get("/api/ai/customers/cust_1/intelligence").json()
    shown = page(desk, ticket_id)["customer"]
    (listed,) = desk.get("/api/tickets").json()["tickets"]
    assert shown == listed["customer"] == desk.get("/api/customers/cust_1").json()["intelligence"]
    risk, value = told["predictions"]["churn_risk"], told["behavioral_metrics"]["lifetime_value"]
    assert (shown["churn_risk"], shown["lifetime_value"], shown["currency"]) == (risk, value, "USD")
    assert shown["revenue_at_risk"] == pytest.approx(risk * value, abs=0.01)
    assert shown["dna"] == told["archetype"]["segments"]
    assert shown["archetype_id"] == told["archetype"]["id"]
    assert shown["outdated"] is False


def test_of_whom_nothing_was_learnt_there_is_no_profile_and_a_provider_is_asked_behind(
    desk: SupportDesk,
) -> None:
    desk.stub.waits(0.2)
    ticket_id = desk.new_ticket("cust_1")
    buy(desk, "1")
    first = page(desk, ticket_id)
    assert first["customer_profile"] is None
    assert first["customer"] == NOTHING_KNOWN
    assert asked_behind(desk, "cust_1")
    customer = desk.get("/api/customers/cust_1").json()
    assert (customer["order_count"], customer["total_spent"]) == (1, [{"currency": "EUR", "amount": 19.9}])


def test_a_customers_page_has_the_provider_asked_behind_it(desk: SupportDesk) -> None:
    desk.new_ticket("cust_1")
    assert desk.get("/api/customers/cust_1").json()["intelligence"] == NOTHING_KNOWN
    assert asked_behind(desk, "cust_1")


def test_what_was_learnt_outlives_the_provider_and_is_stale_past_its_time(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_1")
    learn(desk, "cust_1")
    before = profile_of(desk, ticket_id)
    desk.stub.fails("unreachable")
    assert profile_of(desk, ticket_id)["provenance"]["source"] == "cache"
    desk.clock.advance(901)
    ticket = page(desk, ticket_id)
    after = ticket["customer_profile"]
    assert after["provenance"]["source"] == "stale"
    assert after["provenance"]["as_of"] == before["provenance"]["as_of"]
    assert after["provenance"]["age_s"] >= 901
    assert ticket["customer"]["outdated"] is True
    assert {**after, "provenance": None} == {**before, "provenance": None}
    assert asked_behind(desk, "cust_1", 2)


def test_a_customer_who_writes_makes_the_profile_outdated_until_newer_facts_came(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_1")
    learn(desk, "cust_1")
    desk.stub.waits(0.2)
    desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "Hello?", "from_agent": False})
    ticket = page(desk, ticket_id)
    assert (ticket["customer"]["outdated"], ticket["customer_profile"]["provenance"]["source"]) == (
        True,
        "stale",
    )
    assert asked_behind(desk, "cust_1", 2)


def test_what_no_provider_knows_is_told_of_own_orders(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_unknown_1")
    learn(desk, "cust_unknown_1")
    assert page(desk, ticket_id)["customer_profile"] is None
    buy(desk, "1", "cust_unknown_1", total=30)
    refund = {"external_id": "r1", "at": "2026-02-03T09:00:00Z", "amount": 5.5}
    buy(desk, "2", "cust_unknown_1", total=12.2, ordered_at="2026-02-01T10:00:00Z", refunds=[refund])
    profile = profile_of(desk, ticket_id)
    assert profile["business_metrics"] == {
        "lifetime_value": 36.7,
        "total_orders": 2,
        "avg_order_value": 21.1,
        "days_since_last_purchase": None,
        "customer_tenure_days": None,
        "currency": "EUR",
    }
    assert (profile["archetype"], profile["churn_risk"]) == (None, None)
    assert (profile["dominant_segments"], profile["segment_memberships"]) == ({}, {})
    assert profile["last_purchase"]["order_number"] == "2"
    assert profile["provenance"]["reason"] == "unknown_customer"
    assert profile["provenance"]["degraded"] is False


def test_own_orders_in_several_currencies_are_not_added(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_1")
    buy(desk, "1")
    buy(desk, "2", currency="USD")
    desk.stub.answers(ANALYZE, {"metrics": NO_FIGURES})
    learn(desk, "cust_1")
    assert page(desk, ticket_id)["customer_profile"] is None
    desk.stub.answers(ANALYZE, {"metrics": {"total_orders": None}})
    learn(desk, "cust_1")
    asked = desk.get("/api/ai/customers/cust_1/intelligence").json()["behavioral_metrics"]
    figures = profile_of(desk, ticket_id)["business_metrics"]
    assert (figures["total_orders"], figures["currency"]) == (2, "USD")
    assert figures["lifetime_value"] == asked["lifetime_value"]


def test_the_last_purchase_is_the_newest_own_order_with_where_it_is(desk: SupportDesk) -> None:
    ticket_id = desk.new_ticket("cust_1")
    buy(desk, "1", ordered_at="2026-03-01T10:00:00Z")
    buy(
        desk,
        "1042",
        ordered_at="2026-03-02T12:00:00+02:00",
        status="paid",
        fulfillment_status="fulfilled",
        tracking={"numbers": ["1Z9"], "urls": ["https://t.example/1Z9"], "carrier": "UPS"},
    )
    learn(desk, "cust_1")
    last = profile_of(desk, ticket_id)["last_purchase"]
    assert last.pop("days_ago") > 200
    assert last == {
        "order_number": "1042",
        "order_date": "2026-03-02T10:00:00.000Z",
        "total": 19.9,
        "currency": "EUR",
        "status": "paid",
        "fulfillment_status": "fulfilled",
        "products": [{"title": "Green tea", "quantity": 2, "price": 9.95}],
        "tracking_numbers": ["1Z9"],
        "tracking_urls": ["https://t.example/1Z9"],
        "shipping_carrier": "UPS",
    }


def test_a_ticket_is_read_in_as_many_statements_however_much_there_is(desk: SupportDesk) -> None:
    small = desk.new_ticket("cust_1", initial_message="One.")
    desk.post(f"/api/tickets/{small}/notes", {"content": "One."})
    large = desk.new_ticket("cust_2", tags=[f"t{number}" for number in range(30)])
    for number in range(12):
        desk.post(f"/api/tickets/{large}/messages", {"content": f"Message {number}"})
        desk.post(f"/api/tickets/{large}/notes", {"content": f"Note {number}"})
        buy(desk, f"o{number}", "cust_2", lines=[{"title": "Tea", "quantity": 1, "price": 1}] * 5)
    buy(desk, "o", "cust_1")
    desk.stub.answers(ANALYZE, {"metrics": NO_FIGURES})
    learn(desk, "cust_1", "intelligence", "churn")
    learn(desk, "cust_2", "intelligence", "churn")
    counts = []
    for ticket_id in (small, large):
        with statements(desk) as seen:
            assert profile_of(desk, ticket_id)["business_metrics"]["currency"] == "EUR"
        counts.append(len([statement for statement in seen if "SELECT" in statement]))
    assert counts == [MOST_STATEMENTS, MOST_STATEMENTS]


def test_lists_and_customers_are_read_in_as_many_statements_however_many_there_are(
    desk: SupportDesk,
) -> None:
    desk.new_ticket("c0")
    learn(desk, "c0")
    counts: dict[str, list[int]] = {"/api/tickets": [], "/api/customers/c0": []}
    for more in (0, 25):
        for number in range(1, more):
            desk.new_ticket(f"c{number}", tags=["a", "b"])
            learn(desk, f"c{number}")
            buy(desk, f"o{number}", "c0")
        learn(desk, "c0")
        for path, seen_of in counts.items():
            with statements(desk) as seen:
                assert desk.get(path).status_code == 200
            seen_of.append(len([statement for statement in seen if "SELECT" in statement]))
    assert counts == {"/api/tickets": [6, 6], "/api/customers/c0": [3, 3]}


def test_a_page_of_the_list_has_twenty_customers_asked_about_at_most(desk: SupportDesk) -> None:
    for number in range(30):
        desk.new_ticket(f"c{number}")
    listed = [ticket["customer_id"] for ticket in desk.get("/api/tickets").json()["tickets"]]
    assert len(listed) == 30
    assert all(asked_behind(desk, customer_id) for customer_id in listed[:20])
    assert {asked.request.customer.id for asked in desk.stub.asked} == set(listed[:20])


def test_an_unknown_ticket_and_an_unknown_customer_are_404(desk: SupportDesk) -> None:
    assert desk.get("/api/tickets/none").status_code == 404
    assert desk.get("/api/customers/none").status_code == 404
    assert desk.stub.asked == ()


def test_quimbis_memberships_are_shown_where_its_dialect_brings_them(
    quimbi: QuimbiSimulator, start_desk: StartDesk
) -> None:
    quimbi.add_customer("7002", customer_id="cust_1")
    desk = start_desk(**pointing_at(quimbi))
    ticket_id = desk.new_ticket("cust_1")
    assert desk.get("/api/ai/customers/cust_1/intelligence").status_code == 200
    profile = desk.get(f"/api/tickets/{ticket_id}").json()["customer_profile"]
    assert profile["dominant_segments"]["price_sensitivity"] == "full_price_buyer"
    brought = {"price_sensitivity": {"deal_hunter": 0.05, "value_seeker": 0.15, "full_price_buyer": 0.8}}
    assert profile["segment_memberships"] == (brought if quimbi.dialect == "deployed" else {})
