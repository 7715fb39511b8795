"""What the gate and the lists know of agents, and for how long they take it for true."""

import pytest

from service.agents.directory import REMEMBERED_S, AgentDirectory
from service.agents.services import AgentService, Editor, NewAgent, NewTeam, TeamService
from service.events import EventLog
from service.permissions import Role

OPERATOR = Editor(actor="cli:kim")


@pytest.fixture
def directory(database, clock):
    return AgentDirectory(database, clock)


@pytest.fixture
def elsewhere(database, clock):
    """Agents and teams as another process changes them."""
    remembering = AgentDirectory(database, clock)
    return (
        AgentService(database, EventLog(), remembering, clock),
        TeamService(database, EventLog(), remembering, clock),
    )


def made(agents, name="Kim", role=Role.AGENT):
    new = NewAgent(email=f"{name.lower()}@desk.example", name=name, role=role)
    return agents.create(new, by=OPERATOR).agent.id


def test_nobody_is_found_who_is_not_there(directory):
    assert directory.find("agent_none") is None


def test_an_agent_is_found_with_all_teams_in_one_statement_and_then_in_none(directory, elsewhere, statements):
    agents, teams = elsewhere
    kim = made(agents, role=Role.TEAM_LEAD)
    ids = {teams.create(NewTeam(name=name, lead_id=kim), by=OPERATOR).team.id for name in "ab"}
    with statements() as seen:
        found = directory.find(kim)
        assert directory.find(kim) == found
    assert (found.id, found.name, found.role, found.active) == (kim, "Kim", Role.TEAM_LEAD, True)
    assert found.team_ids == ids
    assert len([statement for statement in seen if "FROM agents" in statement]) == 1


def test_what_changes_elsewhere_is_known_when_its_time_is_over(directory, elsewhere, clock):
    agents, _ = elsewhere
    kim, _admin = made(agents), made(agents, "Lee", Role.ADMIN)
    assert directory.find(kim).active
    agents.deactivate(kim, by=OPERATOR)
    clock.advance(REMEMBERED_S - 0.1)
    assert directory.find(kim).active
    clock.advance(0.2)
    assert not directory.find(kim).active


def test_what_changes_here_is_known_at_once(database, clock, directory):
    agents = AgentService(database, EventLog(), directory, clock)
    kim = made(agents)
    assert directory.find(kim).active
    agents.deactivate(kim, by=OPERATOR)
    assert not directory.find(kim).active


def test_lists_take_in_who_shares_a_team_and_who_is_in_none(directory, elsewhere, statements):
    agents, teams = elsewhere
    ann, ben, cem, dee = (made(agents, name) for name in ("Ann", "Ben", "Cem", "Dee"))
    ours = teams.create(NewTeam(name="ours", lead_id=ann), by=OPERATOR).team.id
    teams.add_member(ours, ben, by=OPERATOR)
    theirs = teams.create(NewTeam(name="theirs", lead_id=cem), by=OPERATOR).team.id
    with statements() as seen:
        for _ in range(2):
            assert directory.agents_with({ours}) == {ann, ben, dee}
            assert directory.agents_with({ours, theirs}) == {ann, ben, cem, dee}
            assert directory.agents_with(frozenset()) == {dee}
    assert len([statement for statement in seen if "team_members" in statement]) == 3
