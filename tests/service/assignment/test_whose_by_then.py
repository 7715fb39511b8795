"""Whose a ticket is counts once it is held: whoever was first past the gate has no more right to it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from service.agents.services import NewTeam
from service.assignment.assigner import Assigner
from service.database import Database
from service.errors import Forbidden, NotFound
from service.http.ownership import Bounds
from service.identifiers import new_ref
from service.permissions import Permission, Reach
from service.tickets.models import Ticket
from service.tickets.services import TicketChange
from tests.service.assignment.shifts import ADMIN, EDITOR, Shifts
from tests.service.assignment.test_handing_out import statements, who


def within(desk: Shifts, agent_id: str, reach: Reach = Reach.OWN) -> Bounds:
    """Of an agent, or of somebody senior, in the team of the desk."""
    return Bounds(
        agent_id=agent_id,
        team_ids=frozenset({desk.team_id}),
        permission=Permission.TICKETS_ASSIGN,
        reach=reach,
        readable=Reach.TEAM,
    )


def agent(desk: Shifts, agent_id: str) -> Assigner:
    return Assigner(
        actor=f"agent:{agent_id}", agent_id=agent_id, reach=Reach.OWN, within=within(desk, agent_id)
    )


def take(desk: Shifts, ticket_id: str, agent_id: str) -> object:
    return desk.parts.service.assign(ticket_id, agent_id, by=agent(desk, agent_id))


def auto_assign(desk: Shifts, ticket_id: str, agent_id: str) -> object:
    return desk.parts.service.auto_assign(ticket_id, by=agent(desk, agent_id))


def give_back(desk: Shifts, ticket_id: str, agent_id: str) -> object:
    return desk.parts.service.unassign(ticket_id, by=agent(desk, agent_id))


def hand_on(desk: Shifts, ticket_id: str, agent_id: str) -> object:
    return desk.parts.service.transfer(
        ticket_id, agent_id=None, team_id=desk.team_id, escalation=False, by=agent(desk, agent_id)
    )


def change(desk: Shifts, ticket_id: str, agent_id: str) -> object:
    to = TicketChange(values={"assigned_to": agent_id})
    return desk.tickets.change(ticket_id, to, actor=f"agent:{agent_id}", within=within(desk, agent_id))


DEEDS = (take, auto_assign, give_back, hand_on, change)


def test_what_somebody_else_has_by_then_is_theirs(database: Database) -> None:
    desk = Shifts(database, capacities=(30, 30, 30))
    kim, lee, _ = desk.agents
    for deed in DEEDS:
        for mine in (None, lee):
            ticket_id = desk.ticket(team_id=desk.team_id, assigned_to=mine)
            desk.parts.service.assign(ticket_id, kim, by=ADMIN)
            with pytest.raises(Forbidden, match="does not reach this ticket"):
                deed(desk, ticket_id, lee)
            assert who(desk)[ticket_id] == kim


def test_what_is_a_team_of_others_by_then_is_not_there(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3, 3))
    ticket_id = desk.ticket(team_id=desk.team_id)
    others = desk.teams.create(NewTeam(name=new_ref()), by=EDITOR).team.id
    desk.tickets.change(ticket_id, TicketChange(values={"team_id": others}), actor="test")
    for deed in DEEDS:
        with pytest.raises(NotFound):
            deed(desk, ticket_id, desk.agents[0])


def test_what_no_agent_has_is_that_of_whoever_takes_it(database: Database) -> None:
    desk = Shifts(database, capacities=(9, 9, 9))
    for label in (None, "Night shift", f"agent_{'nobody':_<22}"):
        for team_id in (None, desk.team_id):
            ticket_id = desk.ticket(team_id=team_id, assigned_to=label)
            take(desk, ticket_id, desk.agents[0])
            assert who(desk)[ticket_id] == desk.agents[0]


def test_who_reaches_the_whole_team_gets_on_and_asks_nothing_more(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3, 3))
    kim, lee, stranger = desk.agents
    ticket_id = desk.ticket(team_id=desk.team_id, assigned_to=kim)
    senior = Assigner(
        actor=f"agent:{lee}", agent_id=lee, reach=Reach.TEAM, within=within(desk, lee, Reach.TEAM)
    )
    counted = []
    for by in (ADMIN, senior):
        with statements(database) as seen:
            desk.parts.service.unassign(ticket_id, by=by)
        counted.append(len(seen))
        desk.parts.service.assign(ticket_id, kim, by=senior)
    assert counted[0] == counted[1]
    theirs = desk.ticket(assigned_to=kim)
    desk.parts.service.unassign(theirs, by=senior)
    free = desk.ticket(assigned_to=stranger)
    desk.parts.service.unassign(free, by=senior)  # who is in no team: their tickets are everybody's


def test_of_many_who_take_one_at_once_one_gets_it(database: Database) -> None:
    desk = Shifts(database, capacities=(3, 3, 3, 3, 3))
    team = desk.agents[:-1]
    start, ticket_id = Barrier(len(team)), desk.ticket(team_id=desk.team_id)

    def take_at_once(agent_id: str) -> str | None:
        start.wait()
        try:
            take(desk, ticket_id, agent_id)
        except Forbidden:
            return None
        return agent_id

    with ThreadPoolExecutor(len(team)) as threads:
        took = [*filter(None, threads.map(take_at_once, team))]
    assert took == [who(desk)[ticket_id]]
    (ticket,) = desk.stored(Ticket)
    assert ticket.version == 2
