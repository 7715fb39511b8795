"""Who gets which ticket, over HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.agents.models import AgentStatus
from service.testing.desk import SupportDesk
from tests.wire.calling import new_agent, signed_in, team_of
from tests.wire.rota import GRACE_S, Rota, assigning_desk, new_rota
from tests.wire.watching import statements


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("assignment")
    copy = shutil.copy(migrated_sqlite, directory / "desk.db")
    with assigning_desk(f"sqlite:///{copy}", directory / "app.log") as desk:
        yield desk


# ---------------------------------------------------------------- by people


def test_a_ticket_is_given_to_an_agent_and_tells_it_everywhere(desk: SupportDesk) -> None:
    rota = new_rota(desk, 2)
    ticket_id, (kim,) = rota.ticket(), rota.agents
    told = rota.given(ticket_id, note="Knows the shop.")
    assert (told["ticket"]["assigned_to"], told["queued"]) == (kim, False)
    assert told["assignment"]["reason"] == "manual"
    assert told["assignment"]["assigned_by"] == "anonymous"
    page = rota.page(ticket_id)
    assert page["assignment"] == told["assignment"]
    assert [note["content"] for note in page["notes"]] == ["Knows the shop."]
    assert rota.load() == 1
    after = {"agent_id": kim, "reason": "manual", "strategies": [], "over_capacity": False}
    assert rota.events(ticket_id) == [("ticket.updated", {"assigned_to": kim}), ("ticket.assigned", after)]


def test_to_whoever_has_it_already_nothing_happens(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1)
    ticket_id = rota.ticket()
    first = rota.do("assign", ticket_id, agent_id=rota.agents[0])
    again = rota.do("assign", ticket_id, agent_id=rota.agents[0], note="Sent twice.")
    assert (again.json(), again.headers["ETag"]) == (first.json(), first.headers["ETag"])
    assert (rota.load(), rota.page(ticket_id)["notes"]) == (1, [])


def test_beyond_capacity_only_who_may_and_says_so(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1)
    rota.given(rota.ticket())
    second = rota.ticket()
    refused = rota.do("assign", second, agent_id=rota.agents[0])
    assert refused.status_code == 409
    assert "load is 1, and the capacity 1;" in refused.json()["detail"]
    assert (rota.who(second), rota.load()) == (None, 1)

    senior = signed_in(desk, "senior_agent")
    asked = {"agent_id": rota.agents[0], "over_capacity": True}
    desk.call("PUT", f"/api/teams/{rota.team_id}/members/{senior.agent_id}")
    desk.clock.advance(5)
    assert senior.post(f"/api/tickets/{second}/assign", asked).status_code == 403
    assert rota.given(second, over_capacity=True)["assignment"]["over_capacity"]
    assert rota.workload() == {
        "open": 2,
        "pending": 0,
        "unaccepted": 2,
        "load": 2,
        "capacity": 1,
        "over_capacity": True,
    }
    assert rota.events(second)[-1][1]["over_capacity"] is True


def test_who_cannot_have_it_is_named_with_a_cure(desk: SupportDesk) -> None:
    rota = new_rota(desk, 5, 5)
    gone, stranger, ticket_id = rota.agents[1], new_agent(desk)["id"], rota.ticket()
    assert desk.call("DELETE", f"/api/agents/{gone}").status_code == 204
    for agent_id, cure in ((gone, "reactivate"), (stranger, "another team"), ("agent_x", "no agent")):
        refused = rota.do("assign", ticket_id, agent_id=agent_id)
        assert refused.status_code == 422
        assert cure in refused.json()["errors"]["agent_id"][0]
        if agent_id != "agent_x":
            assert list(rota.patched(ticket_id, assigned_to=agent_id).json()["errors"]) == ["assigned_to"]
            body = {"customer_id": "c", "subject": "s", "team_id": rota.team_id, "assigned_to": agent_id}
            assert list(desk.post("/api/tickets", body).json()["errors"]) == ["assigned_to"]
    rota.patched(ticket_id, status="resolved")
    assert rota.do("assign", ticket_id, agent_id=rota.agents[0]).status_code == 409
    assert rota.do("auto-assign", ticket_id).status_code == 409


def test_what_has_changed_since_it_was_read_is_not_assigned(desk: SupportDesk) -> None:
    rota = new_rota(desk, 5)
    ticket_id = rota.ticket()
    stale = {"If-Match": '"77"'}
    for deed, body in (("assign", {"agent_id": rota.agents[0]}), ("auto-assign", {}), ("unassign", {})):
        answer = desk.post(f"/api/tickets/{ticket_id}/{deed}", body, headers=stale)
        assert answer.status_code == 412
    assert rota.who(ticket_id) is None


def test_a_change_with_an_agents_id_assigns_and_anything_else_ends_it(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1, 1)
    kim, lee = rota.agents
    ticket_id, other = rota.ticket(), rota.ticket(assigned_to=lee)
    assert rota.page(other)["assignment"]["agent_id"] == lee
    assert rota.patched(ticket_id, assigned_to=kim).status_code == 200
    assert rota.page(ticket_id)["assignment"]["agent_id"] == kim
    assert rota.patched(ticket_id, assigned_to=lee).status_code == 409
    assert rota.patched(ticket_id, assigned_to="Night shift").status_code == 200
    assert rota.page(ticket_id)["assignment"] is None
    assert [one["ending"] for one in rota.history(ticket_id)] == ["unassigned"]
    assert (rota.load(kim), rota.load(lee)) == (0, 1)


def test_transfers_are_told_with_their_reason(desk: SupportDesk) -> None:
    rota, others = new_rota(desk, 2, 2), new_rota(desk, 2)
    (kim, lee), (max_,) = rota.agents, others.agents
    ticket_id = rota.ticket()
    rota.given(ticket_id)
    assert rota.done("transfer", ticket_id, agent_id=lee)["assignment"]["reason"] == "transfer"
    told = rota.done("transfer", ticket_id, team_id=others.team_id, escalation=True, note="Angry.")
    assert (told["ticket"]["team_id"], told["ticket"]["assigned_to"]) == (others.team_id, max_)
    assert (told["assignment"]["reason"], told["why"]) == ("escalation", told["assignment"]["why"])
    assert [one["ending"] for one in rota.history(ticket_id)] == [None, "transferred", "transferred"]
    assert [rota.load(each) for each in (kim, lee, max_)] == [0, 0, 1]
    others.goes()
    told = rota.done("transfer", rota.ticket(), team_id=others.team_id)
    assert (told["assignment"], told["queued"], told["why"]) == (None, True, "Nobody of its team is online.")
    assert rota.do("transfer", ticket_id).status_code == 422


def test_what_is_taken_away_is_nobodys_and_waits_for_nobody(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1)
    first, second = rota.tickets(2)
    rota.given(first)
    assert rota.done("auto-assign", second)["queued"]
    assert not rota.done("unassign", second)["queued"]
    assert rota.done("unassign", first)["assignment"] is None
    assert rota.events(first)[-1] == (
        "ticket.unassigned",
        {"agent_id": rota.agents[0], "reason": "unassigned"},
    )
    assert (rota.hand_out(), rota.load()) == (0, 0)


# ---------------------------------------------------------------- roles


def test_an_agent_takes_and_gives_back_and_gives_to_nobody_else(desk: SupportDesk) -> None:
    ann, mate = signed_in(desk), new_agent(desk)["id"]
    rota = Rota(desk, team_of(desk, ann.agent_id, mate), (ann.agent_id, mate))
    desk.clock.advance(5)
    ticket_id = rota.ticket()
    path = f"/api/tickets/{ticket_id}"
    assert ann.post(f"{path}/assign", {"agent_id": mate}).status_code == 403
    taken = ann.post(f"{path}/assign", {"agent_id": ann.agent_id}).json()["assignment"]
    assert taken["accepted_at"] == taken["assigned_at"]
    assert ann.patch(path, {"assigned_to": mate}).status_code == 403
    assert ann.post(f"{path}/transfer", {"agent_id": mate}).status_code == 403
    new = {"customer_id": rota.customer, "subject": "By phone", "assigned_to": mate}
    assert ann.post("/api/tickets", new).status_code == 403
    assert ann.post("/api/tickets", new | {"assigned_to": ann.agent_id}).status_code == 201
    assert ann.post(f"{path}/unassign").json()["ticket"]["assigned_to"] is None
    rota.given(ticket_id, mate)
    assert ann.post(f"{path}/unassign").status_code == 403
    assert ann.post(f"{path}/accept").status_code == 403


def test_who_has_it_accepts_by_a_word_or_by_doing(desk: SupportDesk) -> None:
    ann = signed_in(desk, "senior_agent")
    rota = Rota(desk, team_of(desk, ann.agent_id), (ann.agent_id,))
    said, answered, moved, others = rota.tickets(4)
    for ticket_id in (said, answered, moved, others):
        rota.given(ticket_id)
    desk.clock.advance(7)
    told = ann.post(f"/api/tickets/{said}/accept").json()
    assert 7 <= told["assignment"]["seconds_to_accept"] < 30
    assert ann.post(f"/api/tickets/{said}/accept").json()["assignment"] == told["assignment"]
    ann.post(f"/api/tickets/{answered}/messages", {"content": "I am looking."})
    ann.patch(f"/api/tickets/{moved}", {"status": "pending"})
    desk.post(f"/api/tickets/{others}/messages", {"content": "Somebody else says."})
    accepted = {
        each: rota.page(each)["assignment"]["accepted_at"] for each in (said, answered, moved, others)
    }
    assert [each for each, at in accepted.items() if at is None] == [others]
    assert rota.events(answered)[-1] == ("ticket.assignment_accepted", {"agent_id": ann.agent_id})
    assert rota.workload()["unaccepted"] == 1
    assert rota.do("accept", others).status_code == 403


# ---------------------------------------------------------------- what counts


def test_a_ticket_that_no_agent_has_asks_nothing_of_assignments(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1)
    rota.ticket()
    with statements(desk) as seen:
        ticket_id = rota.ticket(assigned_to="Night shift")
        desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "Hello.", "close_ticket": True})
        desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "Again.", "from_agent": False})
        rota.patched(ticket_id, status="pending", assigned_to=None)
        rota.page(ticket_id)
        desk.call("DELETE", f"/api/tickets/{ticket_id}")
    assert len(seen) > 10
    assert [each for each in seen if "assignments" in each or "agent_loads" in each] == []


def test_what_is_settled_deleted_or_opened_again_counts_as_it_should(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1)
    ticket_id = rota.ticket()
    rota.given(ticket_id)
    begun = rota.page(ticket_id)["assignment"]["id"]
    desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "Done.", "close_ticket": True})
    assert (rota.load(), rota.page(ticket_id)["assignment"]) == (0, None)
    (ended,) = rota.history(ticket_id)
    assert (ended["ending"], ended["seconds_to_complete"] is None) == ("completed", False)

    rota.given(rota.ticket())
    desk.post(f"/api/tickets/{ticket_id}/messages", {"content": "It is not.", "from_agent": False})
    again = rota.page(ticket_id)["assignment"]
    assert (again["id"], again["over_capacity"], again["ending"]) == (begun, True, None)
    assert (rota.load(), rota.workload()["over_capacity"]) == (2, True)
    assert rota.done("auto-assign", rota.ticket())["queued"]

    desk.call("DELETE", f"/api/tickets/{ticket_id}")
    assert rota.load() == 1
    desk.post(f"/api/tickets/{ticket_id}/restore")
    assert (rota.load(), rota.page(ticket_id)["assignment"]["id"]) == (2, begun)


# ---------------------------------------------------------------- by rule


def test_the_rules_say_why_and_where_all_are_full_it_waits(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1, 1)
    first, second, third = rota.tickets(3)
    told = rota.done("auto-assign", first)
    assert (told["assignment"]["reason"], told["why"]) == ("auto", told["assignment"]["why"])
    assert told["why"].endswith(".")
    assert rota.done("auto-assign", first)["assignment"] == told["assignment"]
    rota.done("auto-assign", second)
    waits = rota.done("auto-assign", third)
    assert (waits["assignment"], waits["queued"], waits["ticket"]["queued"]) == (None, True, True)
    assert waits["why"] == "All 2 agents of its team who are online have as many tickets as they may have."
    assert rota.events(third) == [("ticket.queued", {"team_id": rota.team_id})]
    assert rota.hand_out() == 0

    rota.patched(first, status="resolved")
    assert rota.hand_out() == 1
    page = rota.page(third)
    assert (page["assigned_to"], page["queued"]) == (told["assignment"]["agent_id"], False)
    assert page["assignment"]["assigned_by"] == "service"


def test_what_waits_is_handed_out_highest_score_first_to_its_team(desk: SupportDesk) -> None:
    rota, others = new_rota(desk, 2, online=False), new_rota(desk, 1, online=False)
    low, urgent, high = (rota.ticket(priority=priority) for priority in ("low", "urgent", "high"))
    theirs = others.ticket(priority="urgent")
    for ticket_id in (low, urgent, high, theirs):
        assert rota.done("auto-assign", ticket_id)["why"] == "Nobody of its team is online."
    assert rota.hand_out() == 0
    rota.comes()
    assert rota.hand_out() == 2
    assert [rota.who(each) for each in (low, urgent, high, theirs)] == [None, *2 * rota.agents, None]
    others.comes()
    assert (rota.hand_out(), rota.who(theirs)) == (1, others.agents[0])
    rota.desk.patch(f"/api/agents/{rota.agents[0]}", {"capacity": 3})
    assert (rota.hand_out(), rota.who(low)) == (1, rota.agents[0])


def test_who_is_not_online_gets_nothing_by_rule(desk: SupportDesk) -> None:
    rota = new_rota(desk, 5)
    for status in (AgentStatus.AWAY, AgentStatus.BUSY, AgentStatus.OFFLINE):
        rota.comes(status=status)
        assert rota.done("auto-assign", rota.ticket())["queued"]


def test_a_ticket_makes_a_harder_case_once_it_goes_on_to_another(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1, 1)
    ticket_id = rota.ticket()
    with statements(desk) as first:
        given = rota.done("auto-assign", ticket_id)["assignment"]["agent_id"]
    with statements(desk) as second:
        rota.done("transfer", ticket_id, team_id=rota.team_id)
    assert rota.who(ticket_id) not in {given, None}
    marked = ["customer_statistics" in "".join(seen) for seen in (first, second)]
    assert marked == [False, True]


# ---------------------------------------------------------------- given back


def test_who_goes_offline_keeps_what_was_accepted(desk: SupportDesk) -> None:
    ann = signed_in(desk, "senior_agent")
    rota = Rota(desk, team_of(desk, ann.agent_id), (ann.agent_id,))
    ann.patch("/api/agents/me", {"status": "online"})
    accepted, left = rota.tickets(2)
    rota.given(accepted)
    rota.given(left)
    ann.post(f"/api/tickets/{accepted}/accept")
    rota.goes()
    while_away = rota.ticket()
    rota.given(while_away)
    desk.clock.advance(GRACE_S - 5)
    rota.take_back()
    assert rota.load() == 3
    desk.clock.advance(10)
    rota.take_back()
    assert [rota.who(each) for each in (accepted, left, while_away)] == [ann.agent_id, None, ann.agent_id]
    assert (rota.history(left)[0]["ending"], rota.page(left)["queued"]) == ("returned", True)
    rota.comes()
    assert (rota.hand_out(), rota.who(left)) == (1, ann.agent_id)


def test_who_is_deactivated_has_nothing_from_then_on(desk: SupportDesk) -> None:
    rota = new_rota(desk, 3, 3)
    gone, stays = rota.agents
    those = rota.tickets(2)
    for ticket_id in those:
        rota.given(ticket_id, gone)
    assert desk.call("DELETE", f"/api/agents/{gone}").status_code == 204
    assert [(rota.who(each), rota.history(each)[0]["ending"]) for each in those] == [
        (None, "deactivated")
    ] * 2
    assert (rota.load(gone), rota.hand_out(), rota.load(stays)) == (0, 2, 2)
