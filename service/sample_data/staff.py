"""Who works at the sample desk, and in which teams. Nobody can sign in as them: none has a password."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from service.agents.models import AgentStatus
from service.permissions import Role
from service.sample_data.chances import steady_id
from service.sample_data.phrases import AGENTS, TEAMS
from service.tickets.models import NOBODYS

Row = dict[str, Any]

AGENT_IDS = {name: steady_id("agent", name) for name in AGENTS}
TEAM_IDS = {name: steady_id("team", name) for name in TEAMS}
MEMBERS: Mapping[str, tuple[str, ...]] = {
    "Returns team": ("Iris", "Tomas", "Noor"),
    "Billing team": ("Jun", "Elena"),
    "Shipping team": ("Samuel", "Priya", "Noor"),
}
"""The first of each leads it."""

ROLES = {
    "Iris": Role.TEAM_LEAD,
    "Jun": Role.TEAM_LEAD,
    "Samuel": Role.TEAM_LEAD,
    "Tomas": Role.SENIOR_AGENT,
    "Maud": Role.MANAGER,
}
LANGUAGES = {
    "Iris": ["en", "nl"],
    "Tomas": ["en", "es"],
    "Noor": ["en", "nl", "fr"],
    "Jun": ["en"],
    "Elena": ["en", "es", "de"],
    "Samuel": ["en", "de"],
    "Priya": ["en", "fr"],
    "Maud": ["en", "fr"],
}
SPECIALISATIONS = {
    "Iris": ["return_request", "wrong_item", "exchange"],
    "Tomas": ["product_defect", "warranty", "replacement"],
    "Noor": ["return_request", "shipping_delay"],
    "Jun": ["billing_error", "duplicate_charge", "invoice"],
    "Elena": ["billing_error", "refund", "account_access"],
    "Samuel": ["lost_package", "carrier_claim"],
    "Priya": ["shipping_delay", "tracking", "lost_package"],
}
"""Tags of the sample tickets."""

STATUSES = {
    "Iris": AgentStatus.ONLINE,
    "Noor": AgentStatus.ONLINE,
    "Jun": AgentStatus.ONLINE,
    "Samuel": AgentStatus.ONLINE,
    "Tomas": AgentStatus.AWAY,
}
CAPACITY = 40
"""Of each: with room, at a desk of a thousand sample tickets."""

HERE_FOR = timedelta(days=365)


def agent_rows(now: datetime) -> Iterator[Row]:
    for number, (name, agent_id) in enumerate(AGENT_IDS.items()):
        came_at = now - HERE_FOR + timedelta(days=number)
        yield {
            "id": agent_id,
            "email": f"{name.lower()}@desk.example",
            "name": name,
            "folded_name": name.casefold(),
            "role": ROLES.get(name, Role.AGENT),
            "status": STATUSES.get(name, AgentStatus.OFFLINE),
            "status_since": now,
            "department": None,
            "languages": LANGUAGES[name],
            "specialisations": SPECIALISATIONS.get(name, []),
            "capacity": CAPACITY,
            "active": True,
            "version": 1,
            "created_at": came_at,
            "updated_at": came_at,
        }


def team_rows(now: datetime) -> Iterator[Row]:
    for number, (name, team_id) in enumerate(TEAM_IDS.items()):
        made_at = now - HERE_FOR + timedelta(days=number)
        yield {
            "id": team_id,
            "name": name,
            "folded_name": name.casefold(),
            "department": None,
            "lead_id": AGENT_IDS[MEMBERS[name][0]],
            "version": 1,
            "created_at": made_at,
            "updated_at": made_at,
        }


def member_rows(now: datetime) -> Iterator[Row]:
    for team, members in MEMBERS.items():
        for name in members:
            yield {"team_id": TEAM_IDS[team], "agent_id": AGENT_IDS[name], "joined_at": now - HERE_FOR}


def owner_columns(assignee: str | None) -> Row:
    """Of a ticket. `assignee`: one of them by name, or a team."""
    agent_id, team_id = AGENT_IDS.get(assignee or ""), TEAM_IDS.get(assignee or "")
    return {"assigned_to": agent_id, "team_id": team_id, "owned_by": team_id or agent_id or NOBODYS}
