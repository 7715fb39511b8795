"""Whose figures are kept: of the whole desk, of an agent, of a team, and of a channel."""

from collections.abc import Sequence
from hashlib import blake2b

DESK = "desk"
NOBODYS = "nobody"
"""In which nothing is ever counted."""

SCOPE_LENGTH = 80
_DIGEST = 16


def of_agent(agent_id: str) -> str:
    return f"agent:{agent_id}"


def of_team(team_id: str) -> str:
    return f"team:{team_id}"


def of_channel(channel: str) -> str:
    return f"channel:{channel}"


def of_teams(team_ids: Sequence[str]) -> list[str]:
    """In which it counts that somebody is in just these: each one's, and what several of them share."""
    shared = [shared_by(team_ids)] if len(team_ids) > 1 else []
    return [*map(of_team, team_ids), *shared]


def shared_by(team_ids: Sequence[str]) -> str:
    """What counts in each of these teams, and in no other: of agents who are in all of them."""
    named = " ".join(sorted(team_ids)).encode()
    return f"shared:{blake2b(named, digest_size=_DIGEST).hexdigest()}"


def sharing_of(team_id: str) -> str:
    """Whose levels name what the team ever shared with others: it is never taken back."""
    return f"sharing:{team_id}"
