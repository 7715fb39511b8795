"""How agents, teams and the desk did, as it is read over HTTP."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from service.feed.services import Followers
from service.testing.desk import SupportDesk, desk_with_stub
from tests.wire.company import new_key
from tests.wire.staff import Colleague, hire, new_team

MINUTE = 60
NONE = {"count": 0, "mean_s": None, "median_s": None, "p90_s": None}


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    copy = tmp_path_factory.mktemp("performance") / "desk.db"
    copy.write_bytes(migrated_sqlite.read_bytes())
    with desk_with_stub({"DATABASE_URL": f"sqlite:///{copy}", "LOG_FILE": f"{copy}.log"}) as desk:
        morning = (desk.clock.now() + timedelta(days=1)).replace(hour=10)
        desk.clock.advance((morning - desk.clock.now()).total_seconds())  # no day ends in the middle
        yield desk


@pytest.fixture(scope="module")
def team(desk: SupportDesk) -> str:
    return new_team(desk)


@pytest.fixture(scope="module")
def kim(desk: SupportDesk, team: str) -> Colleague:
    return hire(desk, "agent", team, name="=Kim")


@pytest.fixture(scope="module")
def lead(desk: SupportDesk, team: str) -> Colleague:
    return hire(desk, "team_lead", team)


@pytest.fixture(scope="module")
def stranger(desk: SupportDesk) -> Colleague:
    return hire(desk, "agent", new_team(desk))


@pytest.fixture(scope="module")
def worked(desk: SupportDesk, team: str, kim: Colleague, lead: Colleague) -> str:
    """Kim takes a ticket, answers after four minutes and again after two, and resolves it; it is reopened."""
    own = kim.headers
    status(desk, own, "online")
    ticket = desk.new_ticket("cust_worked", team_id=team)
    path = f"/api/tickets/{ticket}"
    assert desk.call("PATCH", path, json={"assigned_to": kim.id}, headers=own).status_code == 200
    desk.clock.advance(4 * MINUTE)
    say(desk, path, own, "Hello")
    desk.clock.advance(3 * MINUTE)
    say(desk, path, None, "And?", from_agent=False)
    desk.clock.advance(2 * MINUTE)
    say(desk, path, own, "Sent today.")
    assert desk.call("PATCH", path, json={"status": "resolved"}, headers=own).status_code == 200
    desk.clock.advance(3 * MINUTE)
    status(desk, own, "offline")
    say(desk, path, None, "It came broken.", from_agent=False)
    caught_up(desk)
    return ticket


def say(desk: SupportDesk, path: str, headers: Any, content: str, *, from_agent: bool = True) -> None:
    body = {"content": content, "from_agent": from_agent}
    assert desk.call("POST", f"{path}/messages", json=body, headers=headers).status_code == 201


def status(desk: SupportDesk, headers: Any, wanted: str) -> None:
    assert desk.call("PATCH", "/api/agents/me", json={"status": wanted}, headers=headers).status_code == 200


def caught_up(desk: SupportDesk) -> None:
    desk.component(Followers).catch_up()


def read(desk: SupportDesk, path: str, headers: Any = None, **query: Any) -> dict[str, Any]:
    answer = desk.call("GET", f"/api/analytics/{path}", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def lines(desk: SupportDesk, path: str, **query: Any) -> list[dict[str, str]]:
    answer = desk.call("GET", f"/api/analytics/{path}", params={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


# ---------------------------------------------------------------- what is told


def test_an_agents_day(desk: SupportDesk, kim: Colleague, worked: str) -> None:
    caught_up(desk)  # with what others of these tests did
    report = read(desk, f"agents/{kim.id}/today", kim.headers)
    total = report["total"]
    assert (total["assigned"], total["resolved"], total["reopened"], total["messages"]) == (1, 1, 1, 2)
    assert total["transferred"] == 0
    for measure, took_s in (
        ("first_response", 4 * MINUTE),
        ("next_response", 2 * MINUTE),
        ("resolution", 9 * MINUTE),
    ):
        found = total[measure]
        assert found["count"] == 1
        assert found["mean_s"] == pytest.approx(took_s, abs=2)
        assert found["median_s"] == pytest.approx(took_s, rel=0.05)
        assert found["p90_s"] == found["median_s"]
    assert total["time_online_s"] == pytest.approx(12 * MINUTE, abs=2)
    assert [day["date"] for day in report["days"]] == [report["from"]]
    assert {name: value for name, value in report["days"][0].items() if name != "date"} == total
    assert (report["lag"], report["sealed_before"], report["time_zone"]) == (0, None, "UTC")
    assert report["position"] > 0
    assert report["as_of"] > "2026"


def test_a_range_has_thirty_days_unless_told(desk: SupportDesk, kim: Colleague, worked: str) -> None:
    report = read(desk, f"agents/{kim.id}")
    assert len(report["days"]) == 30
    assert report["days"][-1]["date"] == (date.fromisoformat(report["to"]) - timedelta(days=1)).isoformat()
    assert report["total"] == {
        name: value for name, value in report["days"][-1].items() if name != "date"
    } | {
        "time_online_s": report["total"]["time_online_s"],
        "time_away_s": report["total"]["time_away_s"],
        "time_busy_s": report["total"]["time_busy_s"],
    }
    year = read(desk, f"agents/{kim.id}", **{"from": "2024-01-01", "to": "2027-01-01"})
    assert len(year["days"]) == 1_096


def test_a_team_and_its_members(
    desk: SupportDesk, team: str, kim: Colleague, lead: Colleague, worked: str
) -> None:
    report = read(desk, "team", lead.headers, team_id=team)
    assert report["team_ids"] == [team]
    assert report["total"]["resolved"] == 1
    assert report["total"]["time_online_s"] == pytest.approx(12 * MINUTE, abs=2)
    members = {member["agent_id"]: member["total"] for member in report["members"]}
    assert {kim.id, lead.id} <= members.keys()
    assert members[kim.id] == read(desk, f"agents/{kim.id}")["total"]
    assert (members[lead.id]["resolved"], members[lead.id]["first_response"]) == (0, NONE)
    assert members[lead.id]["time_online_s"] == 0.0
    without = read(desk, "team", lead.headers)
    assert (without["team_ids"], without["members"], without["total"]) == ([team], None, report["total"])
    whole = read(desk, "team")
    assert whole["team_ids"] is None
    assert whole["total"]["messages"] >= 2


def test_volume_and_channels(desk: SupportDesk, team: str, worked: str) -> None:
    volume = read(desk, "tickets/volume", team_id=team)
    assert volume["total"] | {"deleted": 0} == {
        "created": 1,
        "imported": 0,
        "resolved": 1,
        "closed": 0,
        "reopened": 1,
        "deleted": 0,
        "restored": 0,
        "customer_messages": 3,
        "backlog": 1,
    }
    assert [day["backlog"] for day in volume["days"][-2:]] == [0, 1]
    tomorrow = (date.fromisoformat(volume["to"]) + timedelta(days=1)).isoformat()
    ahead = read(desk, "tickets/volume", to=tomorrow, team_id=team)
    assert (ahead["days"][-1]["backlog"], ahead["total"]["backlog"]) == (None, 1)
    channels = read(desk, "tickets/channels")["channels"]
    assert [one["channel"] for one in channels] == ["email", "sms", "phone", "chat", "form"]
    assert (channels[0]["share"], channels[1]["share"]) == (1.0, 0.0)
    assert channels[0]["first_response"]["count"] == 1
    assert read(desk, "tickets/volume", channel="chat")["total"]["created"] == 0


def test_a_range_without_days_is_an_answer(desk: SupportDesk, kim: Colleague, worked: str) -> None:
    empty = {"from": "2026-02-01", "to": "2026-02-01"}
    report = read(desk, f"agents/{kim.id}", **empty)
    assert (report["days"], report["total"]["assigned"], report["total"]["resolution"]) == ([], 0, NONE)
    assert report["total"]["time_online_s"] is None
    assert read(desk, "tickets/volume", **empty)["total"]["backlog"] is None
    assert {one["share"] for one in read(desk, "tickets/channels", **empty)["channels"]} == {None}
    assert read(desk, "team", **empty)["days"] == []


def test_lines_for_a_spreadsheet(desk: SupportDesk, team: str, kim: Colleague, worked: str) -> None:
    days = lines(desk, f"agents/{kim.id}")
    assert len(days) == 30
    assert (days[-1]["resolved"], days[-1]["first_response_count"], days[-1]["drafts_edited"]) == (
        "1",
        "1",
        "0",
    )
    assert (days[0]["time_online_s"], days[0]["resolution_median_s"]) == ("", "")
    of_team = lines(desk, "team", team_id=team)
    assert [line["of"] for line in of_team[:31]] == ["day"] * 30 + ["member"]
    assert "'=Kim" in {line["name"] for line in of_team}
    assert lines(desk, "tickets/volume", team_id=team)[-1]["backlog"] == "1"
    assert lines(desk, "tickets/channels")[0]["channel"] == "email"
    assert len(lines(desk, f"agents/{kim.id}/today")) == 1


def test_a_day_is_that_of_the_viewer(desk: SupportDesk, team: str, worked: str) -> None:
    for zone in ("Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"):
        report = read(desk, "tickets/volume", team_id=team, time_zone=zone)
        assert report["time_zone"] == zone
        assert report["total"]["created"] == 1
        assert len(report["days"]) == 30


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("query", "field", "cure"),
    [
        ({"time_zone": "Europe/Nowhere"}, "time_zone", "IANA"),
        ({"from": "2026-02-30"}, "from", "date such as"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "from", "earlier day"),
        ({"from": "2020-01-01", "to": "2026-01-01"}, "from", "fewer days"),
        ({"format": "xlsx"}, "format", "csv"),
        ({"team_id": "team_1", "channel": "email"}, "channel", "leave out"),
    ],
)
def test_what_is_wrong_is_told_with_its_cure(
    desk: SupportDesk, query: dict[str, str], field: str, cure: str
) -> None:
    answer = desk.call("GET", "/api/analytics/tickets/volume", params=query)
    assert answer.status_code == 422
    assert cure in answer.json()["errors"][field][0]


def test_who_may_read_whose_figures(
    desk: SupportDesk, team: str, kim: Colleague, lead: Colleague, stranger: Colleague
) -> None:
    def asked(path: str, headers: Any) -> int:
        return desk.call("GET", f"/api/analytics/{path}", headers=headers).status_code

    senior = hire(desk, "senior_agent", new_team(desk))
    assert asked(f"agents/{kim.id}", kim.headers) == 200
    assert asked(f"agents/{lead.id}", kim.headers) == 403
    assert asked(f"agents/{kim.id}", senior.headers) == 403
    assert asked("team", senior.headers) == 403
    assert asked(f"agents/{kim.id}", lead.headers) == 200
    assert asked(f"agents/{stranger.id}/today", lead.headers) == 403
    other = new_team(desk)
    assert asked(f"team?team_id={other}", lead.headers) == 403
    assert asked(f"team?team_id={team}", lead.headers) == 200
    assert asked(f"agents/{stranger.id}", hire(desk, "manager").headers) == 200
    assert asked(f"agents/{stranger.id}", {"X-API-Key": new_key(desk, "desk")}) == 200
    assert asked(f"agents/{stranger.id}", {"X-API-Key": new_key(desk, "read")}) == 403
    assert asked("agents/agent_none", None) == 404
    assert asked("team?team_id=team_none", None) == 422


def test_a_lead_of_no_team_sees_nothing_of_anybody(desk: SupportDesk, worked: str) -> None:
    alone = hire(desk, "team_lead")
    report = read(desk, "team", alone.headers)
    assert (report["team_ids"], report["total"]["messages"]) == ([], 0)
    assert report["total"]["time_online_s"] is None


# ---------------------------------------------------------------- customers at risk


def test_customers_at_risk(desk: SupportDesk) -> None:
    for number in range(5):
        assert desk.get(f"/api/ai/customers/{new_customer(desk, number)}/intelligence").status_code == 200
    page = read(desk, "customers/churn", limit=2)
    assert len(page["customers"]) == 2
    found, cursor = list(page["customers"]), page["pagination"]["next_cursor"]
    while cursor:
        page = read(desk, "customers/churn", limit=2, cursor=cursor)
        found += page["customers"]
        cursor = page["pagination"]["next_cursor"]
    assert page["pagination"]["total"] == len(found) == len({one["customer_id"] for one in found})
    for one in found:
        exact = Decimal(str(one["churn_risk"])) * Decimal(str(one["lifetime_value"]))
        assert one["revenue_at_risk"] == float(exact.quantize(Decimal("0.01")))
    ticket, *_ = desk.get("/api/tickets?customer_id=cust_risk_0").json()["tickets"]
    (same,) = (one for one in found if one["customer_id"] == "cust_risk_0")
    assert ticket["customer"]["revenue_at_risk"] == same["revenue_at_risk"]
    assert len(lines(desk, "customers/churn")) == len(found)


def test_lines_that_are_not_all_lead_to_the_next_ones(desk: SupportDesk) -> None:
    for number in range(5):
        assert desk.get(f"/api/ai/customers/{new_customer(desk, number)}/intelligence").status_code == 200
    whole = desk.get("/api/analytics/customers/churn?format=csv&min_risk=0")
    assert "Link" not in whole.headers
    found: list[str] = []
    path, pages = "/api/analytics/customers/churn?format=csv&min_risk=0&limit=2", 0
    while path:
        page = desk.get(path)
        assert page.status_code == 200, page.text
        head, *rows = page.text.splitlines()
        assert len(rows) <= 2
        found, pages = found + rows, pages + 1
        path = page.links["next"]["url"] if "Link" in page.headers else ""
    assert [head, *found] == whole.text.splitlines()
    assert pages == -(-len(found) // 2) > 1


def new_customer(desk: SupportDesk, number: int) -> str:
    desk.new_ticket(f"cust_risk_{number}")
    return f"cust_risk_{number}"
