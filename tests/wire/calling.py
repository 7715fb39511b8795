"""Agents and teams of a running desk, and calls in the name of an agent who has signed in."""

from dataclasses import dataclass
from typing import Any

import requests

from service.identifiers import new_ref
from tests.wire.desk import Desk
from tests.wire.staff import hire


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


def signed_in(desk: Desk, role: str = "agent") -> SignedIn:
    """As a new agent of this role."""
    colleague = hire(desk, role)
    return SignedIn(desk, colleague.id, colleague.headers)


def new_agent(desk: Desk, name: str = "Kim Lee", **fields: Any) -> dict[str, Any]:
    """Who has no password."""
    created = desk.post("/api/agents", {"email": f"{new_ref()}@desk.example", "name": name} | fields)
    assert created.status_code == 201, created.text
    agent: dict[str, Any] = created.json()["agent"]
    return agent


def team_of(desk: Desk, *members: str) -> str:
    """Its id; `members` by theirs."""
    created = desk.post("/api/teams", {"name": new_ref()})
    assert created.status_code == 201, created.text
    team_id: str = created.json()["team"]["id"]
    for agent_id in members:
        added = desk.call("PUT", f"/api/teams/{team_id}/members/{agent_id}")
        assert added.status_code == 200, added.text
    return team_id
