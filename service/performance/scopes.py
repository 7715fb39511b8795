"""Whose figures are kept: of the whole desk, of an agent, of a team, and of a channel."""

from collections.abc import Iterable

DESK = "desk"
NOBODYS = "nobody"
"""In which nothing is ever counted."""

SCOPE_LENGTH = 80


def of_agent(agent_id: str) -> str:
    return f"agent:{agent_id}"


def of_team(team_id: str) -> str:
    return f"team:{team_id}"


def of_channel(channel: str) -> str:
    return f"channel:{channel}"


def of_teams(team_ids: Iterable[str]) -> list[str]:
    return [of_team(team_id) for team_id in team_ids]
