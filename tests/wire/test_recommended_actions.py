from functools import partial
from typing import Any

import pytest
from sqlalchemy import select

from service.database import Database
from service.events import StoredEvent
from tests.wire.cases import RFC3339_UTC, Case, at_once, new_case
from tests.wire.conftest import StartDesk
from tests.wire.desk import Desk


def test_an_action_is_ticked_off_and_back(desk: Desk) -> None:
    case = new_case(desk)
    action = case.answer("recommendation")["actions"][0]
    done = case.tick_off(0).json()
    assert set(done) == {"action"}
    assert {"action", "priority", "completed", "completed_at"} <= set(done["action"])
    assert (done["action"]["action"], done["action"]["priority"]) == (action["action"], action["priority"])
    assert done["action"]["completed"] is True
    assert RFC3339_UTC.fullmatch(done["action"]["completed_at"])
    assert case.answer("recommendation")["actions"][0]["completed"] is True
    undone = case.tick_off(0, {"completed": False}).json()
    assert (undone["action"]["completed"], undone["action"]["completed_at"]) == (False, None)
    assert case.answer("recommendation")["actions"][0]["completed"] is False


def test_the_index_is_into_the_actions_as_sent(desk: Desk) -> None:
    case = new_case(desk, priority="urgent")
    actions = case.answer("recommendation")["actions"]
    assert len(actions) > 1
    for index, action in enumerate(actions):
        assert case.tick_off(index).json()["action"]["id"] == action["id"]


def test_ticking_off_is_told_as_an_event(desk: Desk) -> None:
    case = new_case(desk)
    case.answer("recommendation")
    action = case.tick_off(0).json()["action"]
    with desk.component(Database).reading() as session:
        told = session.scalars(
            select(StoredEvent.after).where(StoredEvent.type == "recommendation.action_changed")
        ).all()
    assert [(event["action_id"], event["completed"]) for event in told] == [(action["id"], True)]


@pytest.mark.parametrize("index", ["99", "-1", "first", "1.0", "99999999999999999999"])
def test_an_index_that_was_not_sent_is_not_found(desk: Desk, index: str) -> None:
    case = new_case(desk)
    case.answer("recommendation")
    assert case.tick_off(index).status_code == 404


def test_nothing_is_ticked_off_where_nothing_was_recommended(desk: Desk) -> None:
    assert new_case(desk).tick_off(0).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"completed": None}, {"completed": "perhaps"}, {"completed": True, "by": "me"}]
)
def test_what_is_no_tick_is_refused_by_name(desk: Desk, body: dict[str, Any]) -> None:
    case = new_case(desk)
    case.answer("recommendation")
    answer = case.tick_off(0, body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == ["by" if "by" in body else "completed"]


def test_a_ticket_that_does_not_exist_has_no_recommendation(desk: Desk) -> None:
    nowhere = Case(desk, "cust_1", "ticket_none")
    assert nowhere.ask("recommendation").status_code == 404
    assert nowhere.tick_off(0).status_code == 404


def test_ticks_by_several_agents_at_once_are_all_kept(migrated_url: str, start_desk: StartDesk) -> None:
    case = new_case(start_desk(DATABASE_URL=migrated_url), priority="urgent")
    actions = case.answer("recommendation")["actions"]
    at_once([partial(case.tick_off, index) for index in range(len(actions))])
    assert all(action["completed"] for action in case.answer("recommendation")["actions"])
