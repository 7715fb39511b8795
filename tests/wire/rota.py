"""A team of a running desk that tickets are assigned to, and what is done to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests

from service.agents.models import AgentStatus
from service.agents.services import AgentService
from service.assignment.handing_out import HandingOut, TakingBack
from service.identifiers import new_ref
from service.testing.desk import SupportDesk, desk_with_stub
from tests.wire.calling import new_agent, team_of

GRACE_S = 60


@dataclass(frozen=True)
class Rota:
    """`customer`: whose tickets they are."""

    desk: SupportDesk
    team_id: str
    agents: tuple[str, ...]
    customer: str = field(default_factory=new_ref)

    def ticket(self, **fields: Any) -> str:
        return self.desk.new_ticket(self.customer, **{"team_id": self.team_id} | fields)

    def tickets(self, count: int, **fields: Any) -> list[str]:
        return [self.ticket(**fields) for _ in range(count)]

    def do(self, deed: str, ticket_id: str, **body: Any) -> requests.Response:
        return self.desk.post(f"/api/tickets/{ticket_id}/{deed}", body)

    def done(self, deed: str, ticket_id: str, **body: Any) -> dict[str, Any]:
        answer = self.do(deed, ticket_id, **body)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def given(self, ticket_id: str, agent_id: str | None = None, **body: Any) -> dict[str, Any]:
        return self.done("assign", ticket_id, agent_id=agent_id or self.agents[0], **body)

    def patched(self, ticket_id: str, **body: Any) -> requests.Response:
        return self.desk.patch(f"/api/tickets/{ticket_id}", body)

    def page(self, ticket_id: str) -> dict[str, Any]:
        page: dict[str, Any] = self.desk.get(f"/api/tickets/{ticket_id}").json()
        return page

    def who(self, ticket_id: str) -> str | None:
        assigned_to: str | None = self.page(ticket_id)["assigned_to"]
        return assigned_to

    def history(self, ticket_id: str) -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = self.desk.get(f"/api/tickets/{ticket_id}/assignments").json()[
            "assignments"
        ]
        return told

    def events(self, ticket_id: str) -> list[tuple[str, dict[str, Any]]]:
        """The oldest first; without those that were before assignments."""
        told = self.desk.get(f"/api/tickets/{ticket_id}/events", params={"order": "asc"}).json()["events"]
        return [(one["type"], one["after"]) for one in told if one["type"].startswith("ticket.")][1:]

    def workload(self, agent_id: str | None = None) -> dict[str, Any]:
        told: dict[str, Any] = self.desk.get(f"/api/agents/{agent_id or self.agents[0]}/queue").json()
        workload: dict[str, Any] = told["workload"]
        return workload

    def load(self, agent_id: str | None = None) -> int:
        load: int = self.workload(agent_id)["load"]
        return load

    def comes(self, *agent_ids: str, status: AgentStatus = AgentStatus.ONLINE) -> None:
        for agent_id in agent_ids or self.agents:
            self.desk.component(AgentService).set_status(agent_id, status, actor="test")

    def goes(self, *agent_ids: str) -> None:
        self.comes(*agent_ids, status=AgentStatus.OFFLINE)

    def hand_out(self) -> int:
        return self.desk.component(HandingOut).run()["assigned"]

    def take_back(self) -> dict[str, int]:
        return dict(self.desk.component(TakingBack).run())


def new_rota(desk: SupportDesk, *capacities: int, online: bool = True, **fields: Any) -> Rota:
    """A team of an agent for each capacity, who are there unless told otherwise."""
    agents = tuple(new_agent(desk, capacity=capacity, **fields)["id"] for capacity in capacities)
    rota = Rota(desk, team_of(desk, *agents), agents)
    if online:
        rota.comes()
    return rota


@contextmanager
def assigning_desk(url: str, log_file: Any, **environment: str) -> Iterator[SupportDesk]:
    settings = {"DATABASE_URL": url, "LOG_FILE": str(log_file), "ASSIGNMENT_GRACE_S": str(GRACE_S)}
    with desk_with_stub(settings | environment) as desk:
        yield desk
