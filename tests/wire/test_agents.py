"""Agents and teams over HTTP; on SQLite and PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from service.database import Database
from service.events import StoredEvent
from service.identifiers import new_ref
from tests.conftest import empty_all_tables
from tests.wire.calling import new_agent, signed_in, team_of
from tests.wire.desk import Desk, running_desk
from tests.wire.staff import sign_in

NOBODY, NO_TEAM = "/api/agents/agent_none", "/api/teams/team_none"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One for all: each test makes agents and teams of its own."""
    directory = tmp_path_factory.mktemp("agents")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with running_desk({"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


def events_of(desk: Desk, subject_id: str) -> list[StoredEvent]:
    with desk.component(Database).reading() as session:
        told = select(StoredEvent).where(StoredEvent.subject_id == subject_id).order_by(StoredEvent.id)
        return list(session.scalars(told))


def listed(desk: Desk, **query: object) -> list[str]:
    answer = desk.get("/api/agents", params=query)
    assert answer.status_code == 200, answer.text
    return [agent["id"] for agent in answer.json()["agents"]]


# ---------------------------------------------------------------- agents


def test_a_new_agent_is_told_whole_and_found_where_it_says(desk: Desk) -> None:
    email = f"{new_ref()}@Desk.Example"
    body = {"email": email, "name": " Kim Lee ", "languages": ["de", "en-GB", "de"], "department": None}
    created = desk.post("/api/agents", body | {"specialisations": ["returns"], "capacity": 7})
    agent = created.json()["agent"]
    assert created.status_code == 201
    assert agent == {
        "id": agent["id"],
        "email": email.lower(),
        "name": "Kim Lee",
        "role": "agent",
        "status": "offline",
        "department": None,
        "languages": ["de", "en-GB"],
        "specialisations": ["returns"],
        "capacity": 7,
        "active": True,
        "teams": [],
        "created_at": agent["created_at"],
        "updated_at": agent["created_at"],
    }
    found = desk.get(created.headers["Location"])
    assert (found.json(), found.headers["ETag"]) == (created.json(), created.headers["ETag"])
    taken = desk.post("/api/agents", {"email": email.upper(), "name": "Lee"})
    assert (taken.status_code, taken.json()["detail"].partition(":")[0]) == (409, "email")


def test_a_change_leaves_what_it_does_not_name_and_refuses_what_was_not_read(desk: Desk) -> None:
    agent = new_agent(desk, department="Sales", languages=["de"])
    path = f"/api/agents/{agent['id']}"
    changed = desk.patch(path, {"name": "Kim Park", "department": None}, headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"'
    told = changed.json()["agent"]
    assert told | {"updated_at": None} == agent | {
        "name": "Kim Park",
        "department": None,
        "updated_at": None,
    }
    assert desk.patch(path, {"capacity": 3}, headers={"If-Match": '"1"'}).status_code == 412
    assert desk.call("DELETE", path, headers={"If-Match": '"1"'}).status_code == 412
    assert desk.patch(path, {"name": "Kim Park"}).headers["ETag"] == '"2"', "nothing changed, no version"
    other = new_agent(desk)
    taken = desk.patch(path, {"email": other["email"].upper()})
    assert (taken.status_code, taken.json()["detail"].partition(":")[0]) == (409, "email")


def test_agents_are_found_by_what_is_known_of_them(desk: Desk) -> None:
    word = new_ref()[4:12]
    kim = new_agent(desk, name=f"Kim Ö{word}", role="team_lead")["id"]
    lee = new_agent(desk, name=f"{word} Lee", email=f"x{word}@desk.example")["id"]
    team_id = team_of(desk, lee)
    assert listed(desk, q=f"ö{word}".upper()) == [kim]
    assert listed(desk, q=f"X{word}@") == [lee]
    assert listed(desk, q=f"{word}%") == []
    assert listed(desk, q=f"ö{word}", role="agent") == []
    assert listed(desk, team_id=team_id) == [lee]
    assert listed(desk, team_id=team_id, active="false") == []
    assert kim not in listed(desk, status="online")
    desk.call("DELETE", f"/api/agents/{lee}")
    assert listed(desk, team_id=team_id, active="false") == [lee]


def test_a_walk_along_the_list_shows_each_agent_once(desk: Desk) -> None:
    team_id = team_of(desk, *(new_agent(desk)["id"] for _ in range(5)))
    seen, query = [], {"team_id": team_id, "limit": 2}
    while True:
        page = desk.get("/api/agents", params=query).json()
        seen += [agent["id"] for agent in page["agents"]]
        assert (page["pagination"]["total"], page["pagination"]["limit"]) == (5, 2)
        if not page["pagination"]["has_next"]:
            break
        query["cursor"] = page["pagination"]["next_cursor"]
    assert seen == listed(desk, team_id=team_id)
    assert len(set(seen)) == 5


def test_who_is_deactivated_is_still_told_of_but_can_do_nothing_until_reactivated(desk: Desk) -> None:
    kim = signed_in(desk)
    path = f"/api/agents/{kim.agent_id}"
    email = kim.patch("/api/agents/me", {"status": "online"}).json()["agent"]["email"]
    assert desk.call("DELETE", path).status_code == 204
    assert kim.get("/api/agents/me").status_code == 401
    told = desk.get(path).json()["agent"]
    assert (told["active"], told["status"]) == (False, "offline")
    version = desk.get(path).headers["ETag"]
    assert desk.call("DELETE", path).status_code == 204
    assert desk.get(path).headers["ETag"] == version, "one who is not active stays so"
    back = desk.post(f"{path}/reactivate")
    assert (back.status_code, back.json()["agent"]["active"]) == (200, True)
    assert kim.get("/api/agents/me").status_code == 401, "what was signed in has ended"
    assert sign_in(desk, email).status_code == 200


def test_agents_tell_themselves_whether_they_are_there(desk: Desk) -> None:
    kim = signed_in(desk)
    assert kim.get("/api/agents/me").json() == desk.get(f"/api/agents/{kim.agent_id}").json()
    for status in ("online", "busy", "busy"):
        told = kim.patch("/api/agents/me", {"status": status})
        assert told.json()["agent"]["status"] == status
    changes = [event for event in events_of(desk, kim.agent_id) if event.type == "agent.status_changed"]
    assert [(event.before, event.after, event.actor) for event in changes] == [
        ({"status": "offline"}, {"status": "online"}, f"agent:{kim.agent_id}"),
        ({"status": "online"}, {"status": "busy"}, f"agent:{kim.agent_id}"),
    ]
    nobodys = desk.patch("/api/agents/me", {"status": "online"})
    assert (nobodys.status_code, desk.get("/api/agents/me").status_code) == (403, 403)


def test_events_tell_of_the_person_apart(desk: Desk) -> None:
    agent = new_agent(desk, name="Kim Lee")
    path = f"/api/agents/{agent['id']}"
    desk.patch(path, {"name": "Kim Park", "role": "senior_agent"})
    desk.call("DELETE", path)
    created, changed, gone = events_of(desk, agent["id"])
    assert [event.type for event in (created, changed, gone)] == [
        "agent.created",
        "agent.updated",
        "agent.deactivated",
    ]
    assert created.personal == {"after": {"email": agent["email"], "name": "Kim Lee"}}
    assert (changed.before, changed.after) == ({"role": "agent"}, {"role": "senior_agent"})
    assert changed.personal == {"before": {"name": "Kim Lee"}, "after": {"name": "Kim Park"}}
    assert (gone.before, gone.after, gone.personal) == ({"active": True}, {"active": False}, None)
    for event in (created, changed, gone):
        assert "Kim" not in f"{event.before} {event.after}"
        assert agent["email"] not in f"{event.before} {event.after}"


def test_an_agent_who_is_not_there_is_a_404(desk: Desk) -> None:
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/reactivate")):
        assert (
            desk.call(method, NOBODY + path, **({"json": {}} if method == "PATCH" else {})).status_code == 404
        )


def test_nobody_raises_their_own_role_or_edits_someone_who_is_not_below_them(desk: Desk) -> None:
    lead, manager, other = signed_in(desk, "team_lead"), signed_in(desk, "manager"), new_agent(desk)
    team_of(desk, lead.agent_id, manager.agent_id, other["id"])
    own = f"/api/agents/{lead.agent_id}"
    assert lead.patch(own, {"role": "manager"}).status_code == 403
    assert lead.patch(own, {"capacity": 5}).json()["agent"]["capacity"] == 5
    assert lead.patch(f"/api/agents/{manager.agent_id}", {"name": "Mud"}).status_code == 403
    assert lead.patch(f"/api/agents/{other['id']}", {"role": "team_lead"}).status_code == 403
    assert lead.patch(f"/api/agents/{other['id']}", {"role": "senior_agent"}).status_code == 200
    assert manager.patch(own, {"role": "manager"}).status_code == 403
    assert (
        manager.post("/api/agents", {"email": "x@desk.example", "name": "X", "role": "admin"}).status_code
        == 403
    )
    assert manager.call("DELETE", own).status_code == 204


# ---------------------------------------------------------------- teams


def test_a_team_is_made_with_its_lead_and_known_by_one_name(desk: Desk) -> None:
    kim = new_agent(desk)
    name = f"Returns {new_ref()}"
    created = desk.post("/api/teams", {"name": name, "lead_id": kim["id"]})
    team = created.json()["team"]
    assert (team["lead_id"], team["department"]) == (kim["id"], None)
    assert team["members"] == [{"id": kim["id"], "name": kim["name"], "active": True}]
    found = desk.get(created.headers["Location"])
    assert (found.json(), found.headers["ETag"]) == (created.json(), '"1"')
    assert desk.get(f"/api/agents/{kim['id']}").json()["agent"]["teams"] == [{"id": team["id"], "name": name}]
    taken = desk.post("/api/teams", {"name": name.upper()})
    assert (taken.status_code, taken.json()["detail"].partition(":")[0]) == (409, "name")
    desk.call("DELETE", f"/api/agents/{kim['id']}")
    refused = desk.post("/api/teams", {"name": new_ref(), "lead_id": kim["id"]})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["lead_id"])


def test_a_team_changes_and_its_lead_becomes_a_member(desk: Desk) -> None:
    team_id, kim = team_of(desk), new_agent(desk)["id"]
    path = f"/api/teams/{team_id}"
    changed = desk.patch(path, {"lead_id": kim, "department": "Sales"}, headers={"If-Match": '"1"'})
    team = changed.json()["team"]
    assert (team["lead_id"], team["department"], len(team["members"])) == (kim, "Sales", 1)
    assert desk.patch(path, {"department": None}, headers={"If-Match": '"1"'}).status_code == 412
    assert desk.call("DELETE", f"{path}/members/{kim}").status_code == 204
    left = desk.get(path).json()["team"]
    assert (left["lead_id"], left["members"]) == (None, [])
    assert desk.call("DELETE", f"{path}/members/{kim}").status_code == 404
    assert [event.type for event in events_of(desk, team_id)] == [
        "team.created",
        "team.member_added",
        "team.updated",
        "team.member_removed",
        "team.updated",
    ]


def test_a_team_has_its_own_way_to_find_the_agent_of_a_ticket_or_that_of_the_desk(desk: Desk) -> None:
    own = ["last_agent", "least_loaded"]
    created = desk.post("/api/teams", {"name": new_ref(), "assignment_strategies": own}).json()["team"]
    path = f"/api/teams/{created['id']}"
    assert created["assignment_strategies"] == desk.get(path).json()["team"]["assignment_strategies"] == own
    assert desk.patch(path, {"department": "Sales"}).json()["team"]["assignment_strategies"] == own
    wrong = desk.patch(path, {"assignment_strategies": ["skills", "by_horoscope"]})
    assert wrong.status_code == 422
    assert wrong.json()["errors"]["assignment_strategies.1"] == [
        "Must be one of: skills, language, vip_to_senior, last_agent, least_loaded, round_robin."
    ]
    desks = desk.patch(path, {"assignment_strategies": None}).json()["team"]
    assert desks["assignment_strategies"] is None
    changes = [event for event in events_of(desk, created["id"]) if event.type == "team.updated"]
    assert (changes[-1].before, changes[-1].after) == (
        {"assignment_strategies": own},
        {"assignment_strategies": None},
    )


def test_who_is_put_into_a_team_twice_is_in_it_once(desk: Desk) -> None:
    team_id, kim = team_of(desk), new_agent(desk)["id"]
    path = f"/api/teams/{team_id}/members"
    first, again = (desk.call("PUT", f"{path}/{kim}") for _ in range(2))
    assert first.json() == again.json()
    assert [member["id"] for member in again.json()["team"]["members"]] == [kim]
    assert desk.call("PUT", f"{path}/agent_none").status_code == 404
    assert desk.call("PUT", f"{NO_TEAM}/members/{kim}").status_code == 404


def test_a_team_is_deleted_only_when_nobody_and_nothing_is_lost(desk: Desk) -> None:
    kim = new_agent(desk)["id"]
    team_id = team_of(desk, kim)
    path = f"/api/teams/{team_id}"
    assert "members" in desk.call("DELETE", path).json()["detail"]
    desk.call("DELETE", f"{path}/members/{kim}")
    ticket = f"/api/tickets/{desk.new_ticket(team_id=team_id)}"
    assert desk.call("DELETE", ticket).status_code == 204
    assert "tickets" in desk.call("DELETE", path).json()["detail"], "a deleted ticket may be restored"
    desk.post(f"{ticket}/restore")
    desk.patch(ticket, {"team_id": None})
    assert desk.call("DELETE", path, headers={"If-Match": '"7"'}).status_code == 412
    assert desk.call("DELETE", path).status_code == 204
    assert (desk.get(path).status_code, desk.call("DELETE", path).status_code) == (404, 404)
    assert events_of(desk, team_id)[-1].type == "team.deleted"
    refused = desk.patch(ticket, {"team_id": team_id})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["team_id"])


def test_teams_are_listed_in_the_order_in_which_they_were_made(desk: Desk) -> None:
    made = [team_of(desk) for _ in range(3)]
    page = desk.get("/api/teams", params={"limit": 100}).json()
    assert [team["id"] for team in page["teams"]][-3:] == made
    assert page["pagination"]["total"] == len(page["teams"])


def test_a_lead_fills_the_own_team_with_whom_no_other_has(desk: Desk) -> None:
    lead, free, theirs = signed_in(desk, "team_lead"), new_agent(desk)["id"], new_agent(desk)["id"]
    own, other = team_of(desk, lead.agent_id), team_of(desk, theirs)
    assert lead.call("PUT", f"/api/teams/{own}/members/{free}").status_code == 200
    assert lead.call("PUT", f"/api/teams/{own}/members/{theirs}").status_code == 403
    assert lead.call("PUT", f"/api/teams/{other}/members/{free}").status_code == 403
    assert lead.call("PUT", f"/api/teams/{other}/members/{lead.agent_id}").status_code == 403
    assert lead.patch(f"/api/teams/{own}", {"lead_id": theirs}).status_code == 403
    assert lead.call("DELETE", f"/api/teams/{other}/members/{theirs}").status_code == 403
    assert lead.call("DELETE", f"/api/teams/{own}/members/{free}").status_code == 204
    assert lead.post("/api/teams", {"name": new_ref()}).status_code == 403
