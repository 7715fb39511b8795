"""What waits comes in its turn, and what was handed on comes to somebody else, with its reason."""

from random import Random
from typing import Any

import pytest

from service.agents.models import AgentStatus
from service.agents.services import NewTeam
from service.assignment import waiting
from service.assignment.giving import IN_ITS_TURN
from service.assignment.models import Assignment
from service.assignment.services import Handed
from service.database import Database
from service.identifiers import new_ref
from service.tickets.models import Priority, Ticket
from service.tickets.scoring import Weights
from service.tickets.services import TicketChange
from tests.service.assignment.shifts import ADMIN, EDITOR, Shifts
from tests.service.assignment.test_handing_out import everybody, queued, who


def settle(desk: Shifts, ticket_id: str) -> None:
    desk.tickets.change(ticket_id, TicketChange(values={"status": "resolved"}), actor="test")


def auto(desk: Shifts, ticket_id: str) -> Handed:
    return desk.parts.service.auto_assign(ticket_id, by=ADMIN)


def passed_on(desk: Shifts, ticket_id: str, *, escalation: bool = False) -> Handed:
    return desk.parts.service.transfer(
        ticket_id, agent_id=None, team_id=desk.team_id, escalation=escalation, by=ADMIN
    )


def reasons(desk: Shifts, ticket_id: str) -> list[tuple[str, str]]:
    return [(one.agent_id, str(one.reason)) for one in desk.stored(Assignment) if one.ticket_id == ticket_id]


def hand_out(desk: Shifts) -> int:
    return desk.parts.handing_out.run()["assigned"]


# ---------------------------------------------------------------- handed on


@pytest.mark.parametrize(("escalation", "reason"), [(True, "escalation"), (False, "transfer")])
def test_what_is_handed_on_waits_for_somebody_else_and_keeps_its_reason(
    database: Database, escalation: bool, reason: str
) -> None:
    desk = Shifts(database, capacities=(1, 1, 1))
    kim, lee, _ = desk.agents
    kims, lees = desk.ticket(team_id=desk.team_id), desk.ticket(team_id=desk.team_id)
    for ticket_id, agent_id in ((kims, kim), (lees, lee)):
        desk.parts.service.assign(ticket_id, agent_id, by=ADMIN)
    told = passed_on(desk, kims, escalation=escalation)
    assert (told.ticket.queued, told.assignment) == (True, None)
    assert told.why == "The one other agent of its team who is online has as many tickets as they may have."
    assert hand_out(desk) == 0
    assert auto(desk, kims).assignment is None
    settle(desk, lees)
    assert hand_out(desk) == 1
    assert reasons(desk, kims) == [(kim, "manual"), (lee, reason)]


def test_what_nobody_had_is_handed_out_with_the_reason_it_was_given_on_with_last(database: Database) -> None:
    desk = Shifts(database, capacities=(1, 1))
    kim, ticket_id = desk.agents[0], desk.ticket(team_id=desk.team_id)
    everybody(desk, AgentStatus.OFFLINE)
    assert auto(desk, ticket_id).ticket.version == 2
    assert passed_on(desk, ticket_id).ticket.version == 3
    assert passed_on(desk, ticket_id, escalation=True).ticket.version == 4
    assert auto(desk, ticket_id).ticket.version == 4
    everybody(desk, AgentStatus.ONLINE)
    assert hand_out(desk) == 1
    assert reasons(desk, ticket_id) == [(kim, "escalation")]
    settle(desk, ticket_id)
    again = desk.ticket(team_id=desk.team_id)
    assert auto(desk, again).assignment
    assert reasons(desk, again) == [(kim, "auto")]


def test_who_hands_on_and_is_the_only_one_there_gets_it_by_no_rule_but_from_a_person(
    database: Database,
) -> None:
    desk = Shifts(database, capacities=(3, 3, 3))
    kim, lee, _ = desk.agents
    desk.staff.set_status(lee, AgentStatus.OFFLINE, actor="test")
    ticket_id = desk.ticket(team_id=desk.team_id)
    desk.parts.service.assign(ticket_id, kim, by=ADMIN)
    assert passed_on(desk, ticket_id).why == "Nobody else of its team is online."
    assert hand_out(desk) == 0
    low = desk.ticket(team_id=desk.team_id, priority=Priority.LOW)
    auto(desk, low)
    assert (hand_out(desk), who(desk)[low]) == (1, kim), "it keeps nobody behind it waiting"
    assert desk.parts.service.assign(ticket_id, kim, by=ADMIN).assignment
    passed_on(desk, ticket_id)
    desk.staff.set_status(lee, AgentStatus.ONLINE, actor="test")
    assert (hand_out(desk), who(desk)[ticket_id]) == (1, lee)


# ---------------------------------------------------------------- in turn


def test_nobody_overtakes_what_waits_for_the_same_agent(database: Database) -> None:
    desk = Shifts(database, capacities=(1, 1))
    (full,) = queued(desk, 1, team_id=desk.team_id)
    urgent, normal, low = (
        desk.ticket(team_id=desk.team_id, priority=each)
        for each in (Priority.URGENT, Priority.NORMAL, Priority.LOW)
    )
    assert auto(desk, urgent).ticket.queued
    settle(desk, full)
    for told in (auto(desk, low), passed_on(desk, normal)):
        assert (told.assignment, told.ticket.queued, told.why) == (None, True, IN_ITS_TURN)
    assert hand_out(desk) == 1
    assert who(desk)[urgent] == desk.agents[0]
    settle(desk, urgent)
    assert auto(desk, low).why == IN_ITS_TURN
    assert auto(desk, normal).assignment, "what is first is given at once"
    assert reasons(desk, normal) == [(desk.agents[0], "transfer")]


def test_what_waits_for_others_or_comes_later_stands_in_nobodys_way(database: Database) -> None:
    desk = Shifts(database, capacities=(2, 2))
    others = desk.teams.create(NewTeam(name=new_ref()), by=EDITOR).team.id
    desk.teams.add_member(others, desk.agents[1], by=EDITOR)
    everybody(desk, AgentStatus.OFFLINE)
    queued(desk, 1, team_id=others, priority=Priority.URGENT)
    queued(desk, 1, team_id=desk.team_id, priority=Priority.LOW)
    desk.staff.set_status(desk.agents[0], AgentStatus.ONLINE, actor="test")
    normal, second = (desk.ticket(team_id=desk.team_id) for _ in range(2))
    assert auto(desk, normal).assignment
    everybody(desk, AgentStatus.OFFLINE)
    queued(desk, 1, priority=Priority.URGENT)
    desk.staff.set_status(desk.agents[0], AgentStatus.ONLINE, actor="test")
    assert auto(desk, second).why == IN_ITS_TURN, "what is of no team is everybody's"


def test_what_is_before_a_ticket_is_what_a_look_at_all_of_them_finds(database: Database) -> None:
    desk, chance = Shifts(database, automatic=True), Random(3)
    other = desk.teams.create(NewTeam(name=new_ref()), by=EDITOR).team.id
    for _ in range(40):
        desk.ticket(
            priority=chance.choice([Priority.NORMAL, Priority.LOW]),
            team_id=chance.choice([None, desk.team_id, other]),
            initial_message=chance.choice([None, "Hello"]),
        )
        desk.clock.advance(chance.choice([0, 1, 7_200]))
    weights, at = Weights(), desk.clock.now()
    tickets: list[Any] = desk.stored(Ticket)

    def place(ticket: Any) -> tuple[float, str]:
        return ticket.inbox_rank + weights.waited(at) * ticket.waiting, ticket.id

    found = []
    for agent_id, seen in ((desk.agents[0], {None, desk.team_id}), (desk.agents[-1], {None})):
        theirs = [place(one) for one in tickets if one.team_id in seen]
        with database.reading() as session:
            for ticket in tickets:
                before = waiting.others_before(session, ticket, agent_id, weights, at)
                assert before == (max(theirs) > place(ticket))
                found.append(before)
    assert 1 < found.count(False) < len(found)
