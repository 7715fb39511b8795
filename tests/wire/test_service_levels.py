"""Calendars and policies over HTTP; on SQLite and PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from service.database import Database
from service.events import StoredEvent
from service.identifiers import new_ref
from tests.conftest import empty_all_tables
from tests.wire.calling import signed_in
from tests.wire.desk import Desk, running_desk
from tests.wire.promises import CALENDARS, FIRST, POLICIES, new_calendar, new_policy, order

OFFICE = {
    "name": "Vienna office",
    "time_zone": "Europe/Vienna",
    "hours": {
        "monday": [{"from": "13:30", "to": "24:00"}, {"from": "00:00", "to": "12:30"}],
        "friday": [{"from": "09:00", "to": "15:00"}],
    },
    "country": "AT",
    "subdivision": "9",
    "holidays": [{"date": "2026-07-03", "name": " Outing "}],
    "exceptions": [
        {"date": "2026-12-24", "name": "Christmas Eve", "hours": [{"from": "09:00", "to": "12:00"}]},
        {"date": "2026-12-31"},
    ],
}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One for all: each test makes calendars and policies of its own, and takes the policies away again."""
    directory = tmp_path_factory.mktemp("service-levels")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with running_desk({"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


@pytest.fixture(autouse=True)
def _first_policies_alone(desk: Desk) -> Iterator[None]:
    yield
    for policy_id in order(desk):
        if policy_id not in FIRST:
            assert desk.call("DELETE", f"{POLICIES}/{policy_id}").status_code == 204
    assert desk.post(f"{POLICIES}/order", {"policy_ids": FIRST}).status_code == 200


def events_of(desk: Desk, subject_id: str) -> list[StoredEvent]:
    with desk.component(Database).reading() as session:
        told = select(StoredEvent).where(StoredEvent.subject_id == subject_id).order_by(StoredEvent.id)
        return list(session.scalars(told))


def walked(desk: Desk, path: str, name: str) -> list[str]:
    """All ids, two at a time."""
    ids, cursor = [], None
    while True:
        answer = desk.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        ids += [row["id"] for row in answer[name]]
        cursor = answer["pagination"]["next_cursor"]
        if cursor is None:
            assert answer["pagination"]["total"] == len(ids)
            return ids


# ---------------------------------------------------------------- calendars


def test_a_new_calendar_is_told_whole_and_found_where_it_says(desk: Desk) -> None:
    name = new_ref()
    created = desk.post(CALENDARS, OFFICE | {"name": name})
    calendar = created.json()["calendar"]
    hours = {day: [] for day in DAYS} | OFFICE["hours"]
    assert created.status_code == 201
    assert calendar == {
        **OFFICE,
        "id": calendar["id"],
        "name": name,
        "hours": hours | {"monday": OFFICE["hours"]["monday"][::-1]},
        "holidays": [{"date": "2026-07-03", "name": "Outing"}],
        "exceptions": [OFFICE["exceptions"][0], {"date": "2026-12-31", "name": None, "hours": []}],
        "created_at": calendar["created_at"],
        "updated_at": calendar["created_at"],
    }
    found = desk.get(created.headers["Location"])
    assert (found.json(), found.headers["ETag"]) == (created.json(), '"1"')
    taken = desk.post(CALENDARS, OFFICE | {"name": name.upper()})
    assert (taken.status_code, taken.json()["detail"].partition(":")[0]) == (409, "name")
    assert desk.get(f"{CALENDARS}/calendar_none").status_code == 404


def test_a_repeated_creation_is_answered_with_the_first_calendar(desk: Desk) -> None:
    body, key = {"name": new_ref(), "time_zone": "UTC", "hours": {}}, {"Idempotency-Key": new_ref()}
    first, second = (desk.post(CALENDARS, body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_a_change_of_a_calendar_leaves_what_it_does_not_name(desk: Desk) -> None:
    calendar = new_calendar(desk, **OFFICE | {"name": new_ref()})
    path = f"{CALENDARS}/{calendar['id']}"
    changed = desk.patch(path, {"time_zone": "Asia/Kathmandu"}, headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"'
    same = {"updated_at": None}
    assert changed.json()["calendar"] | same == calendar | same | {"time_zone": "Asia/Kathmandu"}
    assert desk.patch(path, {"name": "x"}, headers={"If-Match": '"1"'}).status_code == 412
    assert desk.patch(path, {"time_zone": "Asia/Kathmandu"}).headers["ETag"] == '"2"', "nothing changed"
    created, told = events_of(desk, calendar["id"])
    assert (created.type, told.type) == ("sla.calendar_created", "sla.calendar_changed")
    assert (told.before, told.after) == ({"time_zone": "Europe/Vienna"}, {"time_zone": "Asia/Kathmandu"})
    assert created.audited
    assert told.audited


def test_a_part_of_a_country_is_one_of_that_country(desk: Desk) -> None:
    calendar = new_calendar(desk, country="DE", subdivision="BY")
    path = f"{CALENDARS}/{calendar['id']}"
    for change in ({"country": "FR"}, {"country": None}, {"subdivision": "ZZ"}):
        refused = desk.patch(path, change)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["subdivision"])
    assert desk.patch(path, {"country": "AT", "subdivision": None}).status_code == 200


def test_hours_that_cross_midnight_are_refused_with_the_cure(desk: Desk) -> None:
    hours = {"friday": [{"from": "22:00", "to": "06:00"}]}
    refused = desk.post(CALENDARS, {"name": "Night", "time_zone": "UTC", "hours": hours})
    assert refused.json()["errors"] == {
        "hours.friday.0.to": ["Must be later than from; split hours that cross midnight at 24:00."]
    }


def test_a_calendar_is_deleted_only_where_no_policy_uses_it(desk: Desk) -> None:
    calendar = new_calendar(desk)
    path = f"{CALENDARS}/{calendar['id']}"
    policy = new_policy(desk, calendar_id=calendar["id"])
    assert desk.call("DELETE", path).status_code == 409
    desk.patch(f"{POLICIES}/{policy['id']}", {"calendar_id": "calendar_always"})
    assert desk.call("DELETE", path, headers={"If-Match": '"7"'}).status_code == 412
    assert desk.call("DELETE", path, headers={"If-Match": '"1"'}).status_code == 204
    assert desk.get(path).status_code == 404
    assert events_of(desk, calendar["id"])[-1].type == "sla.calendar_deleted"


def test_calendars_are_walked_in_the_order_in_which_they_were_made(desk: Desk) -> None:
    made = [new_calendar(desk)["id"] for _ in range(3)]
    ids = walked(desk, CALENDARS, "calendars")
    assert ids[0] == "calendar_always"
    assert ids[-3:] == made


# ---------------------------------------------------------------- policies


def test_a_new_desk_promises_by_priority(desk: Desk) -> None:
    policies = desk.get(POLICIES).json()["policies"]
    assert [policy["id"] for policy in policies] == FIRST
    assert policies[0] == {
        "id": "policy_urgent",
        "name": "Urgent",
        "priorities": ["urgent"],
        **{name: [] for name in ("channels", "all_tags", "any_tags", "departments")},
        "min_lifetime_value": None,
        "min_churn_risk": None,
        "calendar_id": "calendar_always",
        "first_response_minutes": 30,
        "next_response_minutes": None,
        "resolution_minutes": 480,
        "warning_share": 0.8,
        "created_at": policies[0]["created_at"],
        "updated_at": policies[0]["created_at"],
    }


def test_a_new_policy_comes_first_unless_it_says_where(desk: Desk) -> None:
    vip = new_policy(desk, any_tags=["vip", "vip"], min_lifetime_value="499.90", min_churn_risk=0.5)
    assert (vip["any_tags"], vip["min_lifetime_value"], vip["min_churn_risk"]) == (["vip"], 499.9, 0.5)
    third = new_policy(desk, position=3)
    last = new_policy(desk, position=100)
    assert order(desk) == [vip["id"], FIRST[0], third["id"], *FIRST[1:], last["id"]]
    assert walked(desk, POLICIES, "policies") == order(desk)
    event = events_of(desk, third["id"])[0]
    assert (event.type, event.audited, (event.after or {})["position"]) == ("sla.policy_created", True, 3)


def test_a_change_of_a_policy_counts_a_version(desk: Desk) -> None:
    policy = new_policy(desk, first_response_minutes=60, resolution_minutes=600)
    path = f"{POLICIES}/{policy['id']}"
    changed = desk.patch(path, {"first_response_minutes": None}, headers={"If-Match": '"1"'})
    same = {"updated_at": None}
    assert changed.headers["ETag"] == '"2"'
    assert changed.json()["policy"] | same == policy | same | {"first_response_minutes": None}
    assert desk.patch(path, {"name": "x"}, headers={"If-Match": '"1"'}).status_code == 412
    assert desk.patch(path, {"resolution_minutes": 600}).headers["ETag"] == '"2"', "nothing changed"
    taken = desk.patch(path, {"name": "URGENT"})
    assert (taken.status_code, taken.json()["detail"].partition(":")[0]) == (409, "name")
    nowhere = desk.patch(path, {"calendar_id": "calendar_none"})
    assert (nowhere.status_code, list(nowhere.json()["errors"])) == (422, ["calendar_id"])
    event = events_of(desk, policy["id"])[-1]
    assert event.type == "sla.policy_changed"
    assert (event.before, event.after) == (
        {"first_response_minutes": 60},
        {"first_response_minutes": None},
    )


def test_policies_are_reordered_all_at_once_and_keep_their_versions(desk: Desk) -> None:
    backwards = FIRST[::-1]
    answer = desk.post(f"{POLICIES}/order", {"policy_ids": backwards})
    assert [policy["id"] for policy in answer.json()["policies"]] == backwards == order(desk)
    assert desk.get(f"{POLICIES}/policy_low").headers["ETag"] == '"1"'
    event = events_of(desk, "order")[-1]
    assert (event.type, event.before, event.after) == (
        "sla.policy_reordered",
        {"order": FIRST},
        {"order": backwards},
    )
    for ids in (FIRST[:3], [*FIRST, "policy_none"], [*FIRST[:3], FIRST[0]]):
        refused = desk.post(f"{POLICIES}/order", {"policy_ids": ids})
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["policy_ids"])


def test_a_deleted_policy_leaves_the_others_in_their_order(desk: Desk) -> None:
    policy = new_policy(desk, position=2)
    path = f"{POLICIES}/{policy['id']}"
    assert desk.call("DELETE", path, headers={"If-Match": '"2"'}).status_code == 412
    assert desk.call("DELETE", path, headers={"If-Match": '"1"'}).status_code == 204
    assert order(desk) == FIRST
    assert desk.get(path).status_code == 404
    assert events_of(desk, policy["id"])[-1].type == "sla.policy_deleted"


def test_everybody_reads_what_is_promised_and_managers_change_it(desk: Desk) -> None:
    agent, manager = signed_in(desk, "agent"), signed_in(desk, "manager")
    body = {"name": new_ref(), "calendar_id": "calendar_always"}
    assert agent.get(POLICIES).status_code == 200
    assert agent.post(POLICIES, body).status_code == 403
    assert manager.post(POLICIES, body).status_code == 201
