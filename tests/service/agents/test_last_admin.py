"""There is always an admin left, also where several go at once."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from service.agents.queries import AgentFilter
from service.agents.services import AgentChange, AgentDirectory, AgentService, Editor, NewAgent
from service.errors import Conflict
from service.events import EventLog
from service.http.pagination import Page
from service.permissions import Role

OPERATOR = Editor(actor="cli:kim")
DEMOTION = AgentChange(values={"role": Role.MANAGER})


@pytest.fixture
def agents(database, clock):
    return AgentService(database, EventLog(), AgentDirectory(database, clock), clock)


def admins(agents):
    wanted = AgentFilter(role=Role.ADMIN, active=True)
    return [told.agent.id for told in agents.listing(wanted, Page()).rows]


def made(agents, count):
    for number in range(count):
        new = NewAgent(email=f"{number}@desk.example", name=str(number), role=Role.ADMIN)
        agents.create(new, by=OPERATOR)
    return admins(agents)


def test_the_last_admin_is_neither_demoted_nor_deactivated(agents):
    first, last = made(agents, 2)
    agents.deactivate(first, by=OPERATOR)
    with pytest.raises(Conflict):
        agents.deactivate(last, by=OPERATOR)
    with pytest.raises(Conflict):
        agents.change(last, DEMOTION, by=OPERATOR)
    agents.change(last, AgentChange(values={"role": Role.ADMIN, "name": "Kim"}), by=OPERATOR)
    agents.reactivate(first, by=OPERATOR)
    agents.change(last, DEMOTION, by=OPERATOR)
    assert admins(agents) == [first]


def test_of_admins_who_all_go_at_once_one_stays(agents):
    everybody = made(agents, 6)

    def go(numbered):
        number, agent_id = numbered
        try:
            if number % 2:
                agents.deactivate(agent_id, by=OPERATOR)
            else:
                agents.change(agent_id, DEMOTION, by=OPERATOR)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        went = list(pool.map(go, enumerate(everybody)))
    assert (sum(went), len(admins(agents))) == (5, 1)
