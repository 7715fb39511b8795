"""What is promised to tickets, and what becomes of it, over HTTP; on SQLite and PostgreSQL."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from service.feed.services import Followers
from service.sla.tracking.due import DueTargets
from service.sla.tracking.renewing import TargetRenewing
from service.testing.desk import SupportDesk, desk_with_stub
from tests.conftest import empty_all_tables
from tests.wire.staff import Colleague, bearer, hire, new_team, sign_in

MINUTE, HOUR = 60, 3_600


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("service-levels")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with desk_with_stub({"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


def follow(desk: SupportDesk) -> None:
    """What the background does in a second or two."""
    desk.component(Followers).catch_up()
    while desk.component(TargetRenewing).run()["tickets"]:
        pass
    while desk.component(DueTargets).run()["tickets"]:
        pass


def later(desk: SupportDesk, seconds: float) -> None:
    desk.clock.advance(seconds)
    follow(desk)


def new_ticket(desk: SupportDesk, **fields: Any) -> str:
    ticket_id = desk.new_ticket(**fields)
    follow(desk)
    return ticket_id


def levels(desk: SupportDesk, ticket_id: str) -> dict[str, dict[str, Any]]:
    answer = desk.get(f"/api/tickets/{ticket_id}/sla")
    assert answer.status_code == 200, answer.text
    return {told["target"]: told for told in answer.json()["targets"]}


def explained(desk: SupportDesk, ticket_id: str) -> dict[str, dict[str, Any]]:
    answer = desk.get(f"/api/tickets/{ticket_id}/sla/explain")
    assert answer.status_code == 200, answer.text
    return {told["target"]: told for told in answer.json()["targets"]}


def answer(desk: SupportDesk, ticket_id: str) -> None:
    added = desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "It is on its way."})
    assert added.status_code == 201, added.text


def ask(desk: SupportDesk, ticket_id: str) -> None:
    said = {"content": "And now?", "from_agent": False}
    assert desk.post(f"/api/tickets/{ticket_id}/messages", said).status_code == 201


def move(desk: SupportDesk, ticket_id: str, **fields: Any) -> None:
    changed = desk.patch(f"/api/tickets/{ticket_id}", fields)
    assert changed.status_code == 200, changed.text


def fresh(desk: SupportDesk, colleague: Colleague) -> dict[str, str]:
    """Time passes, and access tokens with it."""
    return bearer(sign_in(desk, colleague.email).json()["access_token"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def told_events(desk: SupportDesk, ticket_id: str) -> list[dict[str, Any]]:
    events = desk.get(f"/api/tickets/{ticket_id}/events", params={"order": "asc"}).json()["events"]
    return [event for event in events if event["type"].startswith("sla.")]


def listed(desk: SupportDesk, which: str, **query: Any) -> list[dict[str, Any]]:
    found = desk.get(f"/api/sla/{which}", **query)
    assert found.status_code == 200, found.text
    targets: list[dict[str, Any]] = found.json()["targets"]
    return targets


def test_a_ticket_is_promised_what_its_policy_says_at_once(desk):
    ticket_id = desk.new_ticket(priority="urgent")
    told = desk.get(f"/api/tickets/{ticket_id}/sla").json()
    created = desk.get(f"/api/tickets/{ticket_id}").json()["created_at"]
    assert told["policy"] == {"id": "policy_urgent", "name": "Urgent"}
    first, resolution = told["targets"]
    assert (first["target"], first["target_minutes"], first["status"]) == ("first_response", 30, "within_sla")
    assert (resolution["target"], resolution["target_minutes"]) == ("resolution", 480)
    assert first["begin"] == created
    assert at(first["due_at"]) - at(created) == timedelta(minutes=30)
    assert at(first["warn_at"]) - at(created) == timedelta(minutes=24)
    assert first["elapsed_s"] + first["remaining_s"] == 30 * MINUTE
    assert (first["breached_at"], first["met_at"], first["paused_since"]) == (None, None, None)


def test_a_ticket_through_its_life(desk):
    """Begun, answered, paused, asked again, at risk, breached, resolved late."""
    ticket_id = new_ticket(desk, priority="high")
    before = desk.get(f"/api/tickets/{ticket_id}")
    later(desk, HOUR)
    answer(desk, ticket_id)
    assert levels(desk, ticket_id)["first_response"]["status"] == "met"
    move(desk, ticket_id, status="pending")
    paused = levels(desk, ticket_id)["resolution"]
    assert (paused["status"], paused["due_at"]) == ("paused", None)
    assert paused["paused_since"] is not None
    later(desk, 100 * HOUR)
    assert levels(desk, ticket_id)["resolution"]["remaining_s"] == paused["remaining_s"]
    ask(desk, ticket_id)
    going_on = levels(desk, ticket_id)["resolution"]
    assert going_on["status"] == "within_sla"
    assert at(going_on["due_at"]) > desk.clock.now() + timedelta(hours=22.9)

    later(desk, 19 * HOUR)
    assert levels(desk, ticket_id)["resolution"]["status"] == "at_risk"
    assert [event["type"] for event in told_events(desk, ticket_id)] == ["sla.warning"]
    later(desk, 5 * HOUR)
    breached = levels(desk, ticket_id)["resolution"]
    assert (breached["status"], breached["breached_at"]) == ("breached", going_on["due_at"])
    move(desk, ticket_id, status="resolved")
    late = levels(desk, ticket_id)["resolution"]
    assert late["status"] == "breached"
    assert late["met_at"] is not None
    assert late["remaining_s"] < 0
    follow(desk)
    assert [event["type"] for event in told_events(desk, ticket_id)] == ["sla.warning", "sla.breached"]
    assert before.headers["ETag"] == '"1"'


def test_a_score_step_is_explained_and_is_no_change_of_the_ticket(desk):
    ticket_id = new_ticket(desk, priority="urgent")
    before = desk.get(f"/api/tickets/{ticket_id}")
    shown = []
    for seconds in (25 * MINUTE, 10 * MINUTE):
        later(desk, seconds)
        parts = desk.get(f"/api/tickets/{ticket_id}/score-breakdown").json()["components"]
        shown.append(next(part for part in parts if part["name"] == "service_level"))
    assert shown == [
        {"name": "service_level", "value": 2.0, "explanation": "A time that was promised has nearly passed."},
        {"name": "service_level", "value": 4.0, "explanation": "A time that was promised has passed."},
    ]
    after = desk.get(f"/api/tickets/{ticket_id}")
    assert after.headers["ETag"] == before.headers["ETag"]
    assert after.json()["updated_at"] == before.json()["updated_at"]
    first = desk.get("/api/tickets", params={"status": "open", "limit": 1}).json()["tickets"][0]
    assert first["smart_score"] >= 4.0
    answer(desk, ticket_id)
    follow(desk)
    parts = desk.get(f"/api/tickets/{ticket_id}/score-breakdown").json()["components"]
    assert "service_level" not in {part["name"] for part in parts}


def test_the_ticket_page_tells_the_same_in_short(desk):
    ticket_id = desk.new_ticket(priority="urgent")
    assert desk.get(f"/api/tickets/{ticket_id}").json()["sla"] is None
    follow(desk)
    whole = levels(desk, ticket_id)
    short = desk.get(f"/api/tickets/{ticket_id}").json()["sla"]
    assert short["as_of"] is not None
    assert [told["target"] for told in short["targets"]] == list(whole)
    for told in short["targets"]:
        same = whole[told["target"]]
        assert told == {
            "target": same["target"],
            "policy_id": same["policy"]["id"],
            **{name: same[name] for name in ("status", "due_at", "breached_at", "met_at", "paused_since")},
        }
    desk.clock.advance(40 * MINUTE)  # nobody has looked since
    first = desk.get(f"/api/tickets/{ticket_id}").json()["sla"]["targets"][0]
    assert (first["status"], first["breached_at"]) == ("breached", first["due_at"])


def test_a_changed_priority_is_reckoned_from_the_whole_history(desk):
    ticket_id = new_ticket(desk, priority="low")
    later(desk, HOUR)
    move(desk, ticket_id, priority="urgent")
    first = levels(desk, ticket_id)["first_response"]
    assert (first["status"], first["policy"]["id"]) == ("breached", "policy_urgent")
    assert at(first["due_at"]) - at(first["begin"]) == timedelta(minutes=30)
    follow(desk)
    (event,) = told_events(desk, ticket_id)
    assert (event["type"], event["after"]["late"]) == ("sla.breached", False)


@pytest.fixture
def policies(desk: SupportDesk) -> Iterator[list[str]]:
    """Ids of what a test made; it is taken away again."""
    made: list[str] = []
    yield made
    for policy_id in made:
        desk.call("DELETE", f"/api/sla/policies/{policy_id}")
    follow(desk)


def office(desk: SupportDesk, **fields: Any) -> str:
    hours = {
        day: [{"from": "09:00", "to": "12:00"}, {"from": "13:00", "to": "17:00"}]
        for day in ("monday", "tuesday", "wednesday", "thursday", "friday")
    } | {"saturday": [], "sunday": []}
    body = {"name": f"Office {desk.clock.now()}", "time_zone": "Europe/Vienna", "hours": hours}
    made = desk.post("/api/sla/calendars", body | fields)
    assert made.status_code == 201, made.text
    calendar_id: str = made.json()["calendar"]["id"]
    return calendar_id


def new_policy(desk: SupportDesk, made: list[str], **fields: Any) -> str:
    created = desk.post(
        "/api/sla/policies", {"name": f"Policy {desk.clock.now()}", "warning_share": 0.5} | fields
    )
    assert created.status_code == 201, created.text
    policy_id: str = created.json()["policy"]["id"]
    made.append(policy_id)
    return policy_id


def test_a_policy_that_is_made_and_changed_reaches_open_tickets(desk, policies):
    ticket_id = new_ticket(desk, tags=["gold"])
    policy_id = new_policy(
        desk,
        policies,
        all_tags=["gold"],
        first_response_minutes=60,
        next_response_minutes=30,
        calendar_id="calendar_always",
    )
    at_once = levels(desk, ticket_id)
    assert at_once["first_response"]["policy"]["id"] == policy_id
    assert "resolution" not in at_once
    follow(desk)
    short = desk.get(f"/api/tickets/{ticket_id}").json()["sla"]["targets"]
    assert [(told["target"], told["policy_id"]) for told in short] == [("first_response", policy_id)]

    later(desk, 10 * MINUTE)
    changed = desk.patch(f"/api/sla/policies/{policy_id}", {"first_response_minutes": 5})
    assert changed.status_code == 200, changed.text
    follow(desk)
    assert levels(desk, ticket_id)["first_response"]["status"] == "breached"
    assert [event["type"] for event in told_events(desk, ticket_id)] == ["sla.breached"]
    assert {one["ticket"]["id"] for one in listed(desk, "breaches", params={"policy_id": policy_id})} == {
        ticket_id
    }


def test_segments_sum_to_the_elapsed_time(desk, policies):
    calendar_id = office(
        desk,
        exceptions=[
            {"date": str((desk.clock.now() + timedelta(days=3)).date()), "name": "Trip", "hours": []}
        ],
    )
    new_policy(
        desk,
        policies,
        all_tags=["office"],
        resolution_minutes=10_000,
        calendar_id=calendar_id,
    )
    ticket_id = new_ticket(desk, tags=["office"])
    later(desk, 30 * HOUR)
    move(desk, ticket_id, status="pending")
    later(desk, 50 * HOUR)
    move(desk, ticket_id, status="open")
    later(desk, 200 * HOUR)
    told = explained(desk, ticket_id)["resolution"]
    segments = told["segments"]
    assert {segment["kind"] for segment in segments} >= {"working", "closed", "pause"}
    working = sum(segment["length_s"] for segment in segments if segment["kind"] == "working")
    assert working == pytest.approx(told["elapsed_s"], abs=1e-5)
    whole = (at(told["until"]) - at(told["begin"])).total_seconds()
    assert sum(segment["length_s"] for segment in segments) == pytest.approx(
        whole, abs=0.002
    )  # times are told to the millisecond
    assert all(earlier["end"] == following["begin"] for earlier, following in pairwise(segments))
    (pause,) = [segment for segment in segments if segment["kind"] == "pause"]
    assert pause["name"] == "pending"
    assert (told["earlier"], told["differs"]) == (None, False)
    assert levels(desk, ticket_id)["resolution"]["elapsed_s"] == pytest.approx(told["elapsed_s"], abs=2)


def test_a_long_story_is_told_in_bounds(desk, policies):
    calendar_id = office(desk)
    new_policy(
        desk,
        policies,
        all_tags=["long"],
        resolution_minutes=500_000,
        calendar_id=calendar_id,
    )
    ticket_id = desk.new_ticket(tags=["long"])
    desk.clock.advance(300 * 24 * HOUR)
    told = explained(desk, ticket_id)["resolution"]
    assert len(told["segments"]) == 500
    assert told["earlier"]["segments"] > 300
    working = sum(one["length_s"] for one in told["segments"] if one["kind"] == "working")
    assert working + told["earlier"]["lengths_s"]["working"] == pytest.approx(told["elapsed_s"], abs=1e-4)
    follow(desk)


def test_what_no_policy_matches_is_promised_nothing(desk):
    for priority in ("urgent", "high", "normal", "low"):
        changed = desk.patch(f"/api/sla/policies/policy_{priority}", {"channels": ["phone"]})
        assert changed.status_code == 200, changed.text
    try:
        ticket_id = new_ticket(desk)
        told = desk.get(f"/api/tickets/{ticket_id}/sla").json()
        assert (told["policy"], told["targets"]) == (None, [])
        assert explained(desk, ticket_id) == {}
        assert desk.get(f"/api/tickets/{ticket_id}").json()["sla"] is None
    finally:
        for priority in ("urgent", "high", "normal", "low"):
            desk.patch(f"/api/sla/policies/policy_{priority}", {"channels": []})
        follow(desk)


def test_lists_show_what_is_breached_and_at_risk_in_their_order_and_by_filters(desk):
    team = new_team(desk)
    breached = [desk.new_ticket(priority="urgent", team_id=team) for _ in range(3)]
    later(desk, 10 * MINUTE)
    risky = [desk.new_ticket(priority="urgent", team_id=team) for _ in range(2)]
    follow(desk)
    later(desk, 25 * MINUTE)
    of_team = {"team_id": team}
    late = listed(desk, "breaches", params=of_team)
    assert [one["ticket"]["id"] for one in late] == breached[::-1]
    assert late[0]["policy"] == {"id": "policy_urgent", "name": "Urgent"}
    assert (late[0]["target"], late[0]["target_minutes"]) == ("first_response", 30)
    assert [one["ticket"]["id"] for one in listed(desk, "at-risk", params=of_team)] == risky
    assert listed(desk, "at-risk", params=of_team | {"target": "resolution"}) == []
    assert listed(desk, "at-risk", params=of_team | {"priority": "low"}) == []
    answer(desk, breached[0])
    follow(desk)
    waiting = listed(desk, "breaches", params=of_team | {"met": "false"})
    assert [one["ticket"]["id"] for one in waiting] == [breached[2], breached[1]]
    done = listed(desk, "breaches", params=of_team | {"met": "true"})
    assert [(one["ticket"]["id"], one["status"]) for one in done] == [(breached[0], "breached")]

    first = desk.get("/api/sla/breaches", params=of_team | {"limit": 2}).json()
    assert (first["pagination"]["total"], first["pagination"]["has_next"]) == (3, True)
    cursor = first["pagination"]["next_cursor"]
    rest = desk.get("/api/sla/breaches", params=of_team | {"limit": 2, "cursor": cursor}).json()
    assert [one["ticket"]["id"] for one in [*first["targets"], *rest["targets"]]] == breached[::-1]
    desk.call("DELETE", f"/api/tickets/{breached[1]}", headers={"If-Match": "*"})
    assert len(listed(desk, "breaches", params=of_team)) == 2


def test_an_agent_sees_no_targets_of_tickets_that_are_hidden(desk):
    ours, theirs = new_team(desk), new_team(desk)
    agent, stranger = hire(desk, "agent", ours), hire(desk, "agent", theirs)
    place = f"/api/teams/{theirs}/members/{agent.id}"
    desk.call("PUT", place)
    seen = [
        desk.new_ticket(priority="urgent", team_id=ours),
        desk.new_ticket(priority="urgent", assigned_to=agent.id),
        desk.new_ticket(priority="urgent", assigned_to=agent.id, team_id=theirs),
    ]
    desk.call("DELETE", place)
    hidden = [
        desk.new_ticket(priority="urgent", team_id=theirs),
        desk.new_ticket(priority="urgent", assigned_to=stranger.id),
    ]
    follow(desk)
    later(desk, 25 * MINUTE)
    at_risk = {one["ticket"]["id"] for one in listed(desk, "at-risk", headers=fresh(desk, agent))}
    assert at_risk.issuperset(seen)
    assert at_risk.isdisjoint(hidden)
    later(desk, 10 * MINUTE)
    late = {one["ticket"]["id"] for one in listed(desk, "breaches", headers=fresh(desk, agent))}
    assert late.issuperset(seen)
    assert late.isdisjoint(hidden)
    move(desk, seen[0], team_id=theirs)  # nobody has followed that yet
    late = {one["ticket"]["id"] for one in listed(desk, "breaches", headers=fresh(desk, agent))}
    assert seen[0] not in late
    mine = listed(desk, "breaches", headers=fresh(desk, agent), params={"agent_id": agent.id})
    assert {one["ticket"]["id"] for one in mine} == {seen[1], seen[2]}
    assert desk.get(f"/api/tickets/{hidden[0]}/sla", headers=fresh(desk, agent)).status_code == 404
    assert desk.get("/api/sla/dashboard", headers=fresh(desk, agent)).status_code == 403


def test_compliance_counts_each_promise_once_by_whose_it_was(desk):
    team = new_team(desk)
    agent = hire(desk, "agent", team, name="Ada Compliant")
    fields = {"priority": "urgent", "team_id": team, "assigned_to": agent.id}
    met, missed = desk.new_ticket(**fields), desk.new_ticket(**fields)
    follow(desk)
    later(desk, 10 * MINUTE)
    answer(desk, met)
    move(desk, met, status="resolved")
    later(desk, 30 * MINUTE)
    answer(desk, missed)
    follow(desk)
    report = desk.get("/api/analytics/sla/compliance", params={"time_zone": "Asia/Kathmandu"}).json()
    (of_team,) = [one for one in report["by_team"] if one["id"] == team]
    assert of_team["compliance"]["first_response"] == {"met": 1, "breached": 1, "compliance": 0.5}
    assert of_team["compliance"]["resolution"] == {"met": 1, "breached": 0, "compliance": 1.0}
    assert of_team["compliance"]["next_response"] == {"met": 0, "breached": 0, "compliance": None}
    assert (of_team["compliance"]["met"], of_team["compliance"]["breached"]) == (2, 1)
    (of_agent,) = [one for one in report["by_agent"] if one["id"] == agent.id]
    assert (of_agent["name"], of_agent["compliance"]) == ("Ada Compliant", of_team["compliance"])
    assert {one["id"] for one in report["by_policy"]} >= {"policy_urgent"}
    assert {one["id"] for one in report["by_priority"]} >= {"urgent"}

    days = report["by_day"]
    assert len(days) == 30
    assert sum(day["compliance"]["met"] for day in days) == report["overall"]["met"]
    in_utc = desk.get("/api/analytics/sla/compliance").json()
    assert in_utc["time_zone"] == "UTC"
    assert sum(one["compliance"]["met"] for one in in_utc["by_team"]) == in_utc["overall"]["met"]
    nothing = desk.get("/api/analytics/sla/compliance", params={"from": "2020-01-01", "to": "2020-01-03"})
    assert nothing.json()["overall"]["compliance"] is None
    assert nothing.json()["by_team"] == []
    assert [day["day"] for day in nothing.json()["by_day"]] == ["2020-01-01", "2020-01-02"]


def test_the_dashboard_tells_what_is_open_and_how_it_went(desk):
    shown = desk.get("/api/sla/dashboard").json()
    assert shown["breached"]["count"] == len(listed(desk, "breaches", params={"met": "false", "limit": 100}))
    assert shown["report"]["overall"] == desk.get("/api/analytics/sla/compliance").json()["overall"]
    lead = hire(desk, "team_lead", new_team(desk))
    assert desk.get("/api/sla/dashboard", headers=lead.headers).status_code == 200


def test_asked_for_what_is_not_there_or_senseless(desk):
    assert desk.get("/api/tickets/ticket_nobody/sla").status_code == 404
    assert desk.get("/api/tickets/ticket_nobody/sla/explain").status_code == 404
    for query in (
        {"from": "2026-02-30"},
        {"from": "2026-02-02", "to": "2026-02-01"},
        {"from": "2001-01-01", "to": "2026-02-01"},
        {"time_zone": "Mars/Olympus"},
    ):
        assert desk.get("/api/analytics/sla/compliance", params=query).status_code == 422, query
    assert desk.get("/api/sla/breaches", params={"priority": "huge"}).status_code == 422
