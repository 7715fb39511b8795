"""`GET /api/tickets` as an inbox: what wants an agent most goes first, and says why."""

from typing import Any

import pytest
import requests
from sqlalchemy import event

from service.database import Database
from service.testing.desk import SupportDesk, desk_with_stub
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk
from tests.wire.watching import statements

PLAIN_STATEMENTS = 8
WITH_AN_ALERT = 16
WITH_A_SEARCH = 12


@pytest.fixture
def desk(start_desk: StartDesk, migrated_url: str) -> Desk:
    """On SQLite and on PostgreSQL; nobody knows anything of any customer."""
    return start_desk(DATABASE_URL=migrated_url, INTELLIGENCE_PROVIDERS="fallback")


def listed(desk: Desk, **query: Any) -> dict[str, Any]:
    answer = desk.get("/api/tickets", params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def ids(page: dict[str, Any]) -> list[str]:
    return [ticket["id"] for ticket in page["tickets"]]


def asked(desk: Desk, **query: Any) -> requests.Response:
    return desk.get("/api/tickets", params=query)


def breakdown(desk: Desk, ticket_id: str, **query: Any) -> dict[str, Any]:
    answer = desk.get(f"/api/tickets/{ticket_id}/score-breakdown", params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_what_wants_an_agent_most_goes_first(desk: Desk) -> None:
    low = desk.new_ticket(priority="low")
    angry = desk.new_ticket(initial_message="This is a scam, I hate it!")
    urgent = desk.new_ticket(priority="urgent")
    normal = desk.new_ticket()
    page = listed(desk)
    assert ids(page) == [urgent, angry, normal, low]
    scores = [ticket["smart_score"] for ticket in page["tickets"]]
    assert scores == sorted(scores, reverse=True)
    assert ids(listed(desk, smart_order="false")) == [normal, urgent, angry, low]
    assert ids(listed(desk, smart_order="true", status="open", limit=2)) == [urgent, angry]
    assert ids(listed(desk, smart_order="true", sort="created_at")) == [normal, urgent, angry, low]


def test_a_score_is_explained_part_by_part(desk: Desk) -> None:
    ticket = desk.new_ticket(
        priority="high", initial_message="It never arrived at all, what a scam, I hate it!"
    )
    told = breakdown(desk, ticket, topic_alerts="never arrived")
    parts = {part["name"]: part for part in told["components"]}
    assert told["ticket_id"] == ticket
    assert told["total_score"] == pytest.approx(sum(part["value"] for part in parts.values()))
    assert parts["urgency"]["value"] == 4.5
    assert parts["sentiment"]["value"] == 2.0
    assert parts["topic_alert"]["value"] == 5.0
    assert parts["churn_risk"]["value"] == parts["lifetime_value"]["value"] == 0
    assert "not known" in parts["churn_risk"]["explanation"]
    (row,) = listed(desk, topic_alerts="never arrived")["tickets"]
    assert row["smart_score"] == pytest.approx(told["total_score"], abs=0.01)
    assert "topic_alert" not in {part["name"] for part in breakdown(desk, ticket)["components"]}
    assert desk.get("/api/tickets/ticket_none/score-breakdown").status_code == 404


def test_an_answer_ends_the_wait_and_a_settled_ticket_does_not_wait(desk: Desk) -> None:
    ticket = desk.new_ticket()
    waits = {
        "name": "waiting",
        "value": 0.0,
        "explanation": "No message of the customer waits for an answer.",
    }
    assert waits not in breakdown(desk, ticket)["components"]
    desk.post(f"/api/tickets/{ticket}/messages", {"content": "We look into it."})
    assert waits in breakdown(desk, ticket)["components"]
    desk.post(f"/api/tickets/{ticket}/messages", {"content": "And?", "from_agent": False})
    assert waits not in breakdown(desk, ticket)["components"]
    desk.patch(f"/api/tickets/{ticket}", {"status": "closed"})
    assert waits in breakdown(desk, ticket)["components"]


def test_a_topic_alert_lifts_what_it_matches(desk: Desk) -> None:
    plain = desk.new_ticket(priority="high")
    matched = desk.new_ticket(priority="low", initial_message="I want a CHARGEBACK now")
    in_subject = desk.new_ticket(priority="low", subject="Chargeback!", initial_message="Hello")
    page = listed(desk, topic_alerts="chargeback, never arrived,")
    assert set(ids(page)[:2]) == {matched, in_subject}
    assert ids(page)[2] == plain
    assert page["topic_alerts_active"] == ["chargeback", "never arrived"]
    assert (page["matches"], page["matches_is_estimate"]) == (2, False)
    assert [ticket["matches_topic_alert"] for ticket in page["tickets"]] == [True, True, False]
    by_time = listed(desk, topic_alerts="chargeback", sort="created_at")
    assert [ticket["matches_topic_alert"] for ticket in by_time["tickets"]] == [True, True, False]
    assert by_time["matches"] == 2
    without = listed(desk)
    assert (without["topic_alerts_active"], without["matches"]) == ([], 0)


@pytest.mark.parametrize(
    ("written", "alert", "matches"),
    [
        ("It never arrived.", "never arrived", 1),
        ("It never, ever arrived.", "never arrived", 0),
        ("rechargebacks", "chargeback", 0),
        ("1e5abc", "abc", 0),
        ("Große STRASSE", "grosse straße", 1),
        ("write to ada@example.org", "ada@example.org", 1),
        ("100% broken", "100%", 1),
        ("nothing of it", "x' OR '1'='1", 0),
    ],
)
def test_alerts_match_whole_words_and_phrases(desk: Desk, written: str, alert: str, matches: int) -> None:
    desk.new_ticket(initial_message=written)
    assert listed(desk, topic_alerts=alert)["matches"] == matches


def test_notes_and_what_is_deleted_match_nothing(desk: Desk) -> None:
    ticket = desk.new_ticket()
    desk.post(f"/api/tickets/{ticket}/notes", {"content": "A unicorn, I think"})
    said = desk.post(f"/api/tickets/{ticket}/messages", {"content": "About the dragon"}).json()["message"]
    assert [listed(desk, topic_alerts=alert)["matches"] for alert in ("unicorn", "dragon")] == [0, 1]
    desk.patch(f"/api/messages/{said['id']}", {"content": "About the phoenix"})
    assert [listed(desk, topic_alerts=alert)["matches"] for alert in ("phoenix", "dragon")] == [1, 0]
    desk.call("DELETE", f"/api/messages/{said['id']}")
    assert listed(desk, topic_alerts="phoenix")["matches"] == 0
    desk.call("DELETE", f"/api/tickets/{ticket}")
    assert listed(desk, topic_alerts="parcel")["matches"] == 0
    desk.post(f"/api/tickets/{ticket}/restore")
    assert listed(desk, topic_alerts="parcel")["matches"] == 1


def test_alerts_are_twenty_of_a_hundred_characters(desk: Desk) -> None:
    most = ",".join(f"{number:0100}" for number in range(20))
    assert listed(desk, topic_alerts=most)["topic_alerts_active"] == most.split(",")
    for too_much in (most + ",x", "x" * 101, "!!!", "fine,***"):
        answer = asked(desk, topic_alerts=too_much)
        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == ["topic_alerts"]


def test_a_search_looks_at_subject_messages_and_customer(desk: Desk) -> None:
    ada = desk.new_ticket(
        "a", subject="Blue socks", author_name="Ada Lovelace", author_email="ada@example.org"
    )
    bob = desk.new_ticket("b", subject="Red socks", initial_message="Too small, said Ada", status="closed")
    for search, found in {
        "socks": {ada, bob},
        "SOCKS blue": {ada},
        "ada": {ada, bob},
        '"ada lovelace"': {ada},
        "ada@example.org": {ada},
        '"said ada" socks': {bob},
        '"ada said"': set(),
        "sock": set(),
    }.items():
        page = listed(desk, q=search)
        assert set(ids(page)) == found, search
        assert page["pagination"]["total"] == len(found), search
        assert page["pagination"]["total_is_estimate"] is False
        assert set(ids(listed(desk, q=search, sort="created_at"))) == found
    assert ids(listed(desk, q="socks", status="closed")) == [bob]
    assert ids(listed(desk, q="socks", customer_id="a", topic_alerts="small")) == [ada]
    answer = asked(desk, q="!!!")
    assert answer.status_code == 422
    assert "word" in answer.json()["errors"]["q"][0]


def test_parameters_that_nobody_knows_are_ignored(desk: Desk) -> None:
    ticket = desk.new_ticket()
    assert ids(listed(desk, colour="red", smart_order="true", utm_source="x")) == [ticket]


def test_deep_pages_point_to_the_cursor(desk: Desk) -> None:
    assert listed(desk, page=100, limit=100)["tickets"] == []
    answer = asked(desk, page=101, limit=100)
    assert answer.status_code == 422
    assert "cursor" in answer.json()["errors"]["page"][0]


@pytest.mark.parametrize("score", [1e308, -1e308, 5e-324, 10**25])
@pytest.mark.parametrize("at", ["0001-01-02T00:00:00Z", "9999-12-30T00:00:00Z"])
def test_a_cursor_of_a_strangers_making_is_answered(desk: Desk, score: float, at: str) -> None:
    import base64  # noqa: PLC0415
    import json  # noqa: PLC0415

    desk.new_ticket()
    cursor = base64.urlsafe_b64encode(json.dumps([at, score, "x" * 300, True]).encode()).decode()
    assert asked(desk, cursor=cursor, topic_alerts="late", q="parcel").status_code in {200, 422}


def test_a_count_beyond_a_thousand_is_an_estimate(desk: Desk) -> None:
    with desk.component(Database).writing() as session:
        many(session)
    page = listed(desk, q="dragon", topic_alerts="dragon", limit=1)
    assert (page["pagination"]["total"], page["pagination"]["total_is_estimate"]) == (1_000, True)
    assert (page["matches"], page["matches_is_estimate"]) == (1_000, True)
    exact = listed(desk, q="unicorn", limit=1)["pagination"]
    assert (exact["total"], exact["total_is_estimate"]) == (1_000, False)


def many(session: Any) -> None:
    """1,200 tickets of which 1,001 speak of a dragon, and 1,000 of a unicorn, too."""
    from service.text_index import IndexedText, TextIndex, TextKind  # noqa: PLC0415
    from service.tickets import queries  # noqa: PLC0415
    from service.tickets.models import TicketStatus  # noqa: PLC0415
    from tests.service.persistence.rows import customer, ticket  # noqa: PLC0415

    owner = customer()
    session.add(owner)
    session.flush()
    tickets = [ticket(owner) for _ in range(1_200)]
    session.add_all(tickets)
    queries.recount(session, TicketStatus.OPEN, len(tickets), shard=0)
    told = ["dragon unicorn"] * 1_000 + ["dragon"] + [""] * 199
    TextIndex(session.get_bind().dialect.name).add(
        session,
        [
            IndexedText(TextKind.SUBJECT, each.id, text, ticket_id=each.id)
            for each, text in zip(tickets, told, strict=True)
        ],
    )


@pytest.fixture
def supported(migrated_url: str, tmp_path: Any) -> Any:
    with desk_with_stub({"DATABASE_URL": migrated_url, "LOG_FILE": str(tmp_path / "app.log")}) as desk:
        yield desk


def test_what_is_known_of_the_customer_stands_beside_the_ticket(supported: SupportDesk) -> None:
    supported.new_ticket("cust_123", author_name="Ada")
    (row,) = listed(supported)["tickets"]
    assert row["customer"] == {
        "name": "Ada",
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
    facts = supported.get("/api/ai/customers/cust_123/intelligence").json()
    (row,) = listed(supported)["tickets"]
    told = row["customer"]
    assert told["churn_risk"] == facts["predictions"]["churn_risk"]
    assert told["lifetime_value"] == facts["behavioral_metrics"]["lifetime_value"]
    assert told["revenue_at_risk"] == pytest.approx(told["churn_risk"] * told["lifetime_value"], abs=0.01)
    assert told["archetype_id"] == facts["archetype"]["id"]
    assert told["dna"] == facts["archetype"]["segments"]
    assert told["communication_guidance"] == facts["communication_guidance"]


def test_facts_that_arrive_change_the_order_at_once(supported: SupportDesk) -> None:
    supported.stub.answers("analyze", {"predictions": {"churn_risk": 0.9}}, customer="b")
    supported.stub.answers("analyze", {"predictions": {"churn_risk": 0.0}}, customer="a")
    second = supported.new_ticket("b", priority="low")
    first = supported.new_ticket("a")
    for customer in ("a", "b"):
        assert supported.get(f"/api/ai/customers/{customer}/intelligence").status_code == 200
    page = listed(supported)
    assert ids(page) == [second, first]
    assert breakdown(supported, second)["components"][0]["value"] == 2.7


@pytest.mark.parametrize(
    ("query", "most"),
    [
        ({}, PLAIN_STATEMENTS),
        ({"status": "open"}, PLAIN_STATEMENTS),
        ({"sort": "created_at"}, PLAIN_STATEMENTS),
        ({"topic_alerts": "late,parcel"}, WITH_AN_ALERT),
        ({"q": "late"}, WITH_A_SEARCH),
    ],
)
def test_a_page_costs_the_same_statements_however_long_it_is(
    desk: Desk, query: dict[str, str], most: int
) -> None:
    counts = []
    for customers in (3, 30):
        for number in range(customers):
            desk.new_ticket(f"c{number}")
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any, seen: list[str] = seen) -> None:
            seen.append(statement)

        engine = desk.component(Database).engine
        event.listen(engine, "before_cursor_execute", note)
        listed(desk, **query)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(
            len([statement for statement in seen if statement.lstrip().startswith(("SELECT", "WITH"))])
        )
    assert counts[0] == counts[1], counts
    assert counts[0] <= most, seen


def test_a_page_by_cursor_costs_the_same_statements_however_many_tickets_were_moved(desk: Desk) -> None:
    tickets = [desk.new_ticket(f"c{number}") for number in range(30)]
    cursor = listed(desk, limit=5)["pagination"]["next_cursor"]
    counts = []
    for moved in (0, 3, 27):
        for ticket_id in tickets[:moved]:
            for priority in ("urgent", "low"):
                assert desk.patch(f"/api/tickets/{ticket_id}", {"priority": priority}).status_code == 200
        with statements(desk) as seen:
            page = listed(desk, limit=5, cursor=cursor)
        counts.append(len([one for one in seen if one.lstrip().startswith(("SELECT", "WITH"))]))
        assert ids(page) == sorted(tickets, key=tickets.index)[5:10]
    assert counts[1] == counts[2] == counts[0] + 1 <= PLAIN_STATEMENTS + 2
