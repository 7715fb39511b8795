"""Agents and teams of a running desk, and calls in the name of an agent who has signed in."""

from dataclasses import dataclass
from typing import Any

import requests

from service.access.services import Credentials
from service.agents.services import AgentService
from service.identifiers import new_ref
from tests.wire.desk import Desk

PASSWORD = "quiet lanterns over the harbour"  # of agents that live as long as a test


@dataclass(frozen=True)
class SignedIn:
    """Calls as the agent does."""

    desk: Desk
    agent_id: str
    headers: dict[str, str]

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.desk.call(method, path, headers=self.headers, **options)

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.call("POST", path, **({} if body is None else {"json": body}))

    def patch(self, path: str, body: Any) -> requests.Response:
        return self.call("PATCH", path, json=body)


def new_agent(desk: Desk, name: str = "Kim Lee", **fields: Any) -> dict[str, Any]:
    created = desk.post("/api/agents", {"email": f"{new_ref()}@desk.example", "name": name} | fields)
    assert created.status_code == 201, created.text
    agent: dict[str, Any] = created.json()["agent"]
    return agent


def new_team(desk: Desk, *members: str, **fields: Any) -> str:
    """Its id; `members` by theirs."""
    created = desk.post("/api/teams", {"name": new_ref()} | fields)
    assert created.status_code == 201, created.text
    team_id: str = created.json()["team"]["id"]
    for agent_id in members:
        added = desk.call("PUT", f"/api/teams/{team_id}/members/{agent_id}")
        assert added.status_code == 200, added.text
    return team_id


def signed_in(desk: Desk, role: str = "agent", agent_id: str | None = None) -> SignedIn:
    """As an agent who is there, else as a new one of this role."""
    agent = desk.component(AgentService).read(agent_id or new_agent(desk, role=role)["id"]).agent
    desk.component(Credentials).set(agent, PASSWORD, actor="test")
    answer = desk.post("/api/auth/login", {"email": agent.email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return SignedIn(desk, agent.id, {"Authorization": f"Bearer {answer.json()['access_token']}"})
