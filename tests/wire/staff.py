"""Agents of a desk in development, each with a password and signed in."""

from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any

from tests.wire.desk import Desk

PASSWORD = "quiet lanterns over the harbour"


@dataclass(frozen=True)
class Colleague:
    id: str
    email: str
    tokens: dict[str, Any] = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.tokens["access_token"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def hire(desk: Desk, role: str = "agent", *teams: str, name: str = "Kim Lee") -> Colleague:
    """`teams`: ids. By the development caller, who is an admin."""
    email = f"{token_hex(6)}@desk.example"
    hired = {"email": email, "name": name, "role": role, "capacity": 1_000}
    made = desk.post("/api/agents", hired)
    assert made.status_code == 201, made.text
    agent_id = made.json()["agent"]["id"]
    for team_id in teams:
        joined = desk.call("PUT", f"/api/teams/{team_id}/members/{agent_id}")
        assert joined.status_code == 200, joined.text
    accepted = accept(desk, invitation(desk, agent_id))
    assert accepted.status_code == 200, accepted.text
    return Colleague(agent_id, email, accepted.json())


def invitation(desk: Desk, agent_id: str) -> str:
    invited = desk.post(f"/api/agents/{agent_id}/invitation")
    assert invited.status_code == 200, invited.text
    token: str = invited.json()["token"]
    return token


def accept(desk: Desk, token: str, password: str = PASSWORD) -> Any:
    return desk.post("/api/auth/accept-invitation", {"token": token, "password": password})


def sign_in(desk: Desk, email: str, password: str = PASSWORD) -> Any:
    return desk.post("/api/auth/login", {"email": email, "password": password})


def refresh(desk: Desk, tokens: dict[str, Any]) -> Any:
    return desk.post("/api/auth/refresh", {"refresh_token": tokens["refresh_token"]})


def new_team(desk: Desk) -> str:
    made = desk.post("/api/teams", {"name": f"Team {token_hex(6)}"})
    assert made.status_code == 201, made.text
    team_id: str = made.json()["team"]["id"]
    return team_id


def status_of(desk: Desk, headers: dict[str, str]) -> int:
    """Of a call that everybody who is known may make."""
    return desk.get("/api/auth/me", headers=headers).status_code
