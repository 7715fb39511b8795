"""What hostile clients send to `/api/agents` and `/api/teams`."""

from tests.wire.malformed import (
    BAD_CHOICE,
    BAD_CURSORS,
    BAD_EMAIL,
    BAD_LABEL,
    BAD_TEXT,
    BAD_WORD,
    LIST_QUERIES,
    Endpoint,
)

BAD_LANGUAGES = ("x", 1, True, {}, None, [1], [None], [[]], [""], ["english"], ["e"], ["de"] * 21)
BAD_SKILLS = ("x", 1, True, {}, None, [1], [None], [[]], [""], ["\x00"], ["x" * 101], ["x"] * 51)
BAD_CAPACITY = (0, -1, 1_001, 1.5, True, "x", "", [], {}, None, 2**63, 10**30)
BAD_STRATEGIES = ("skills", 1, {}, [], [1], [None], [[]], [""], ["Skills"], ["skills", "skills"])
BAD_OUR_ID = (*BAD_TEXT, "x" * 65)
PAGES = {name: LIST_QUERIES[name] for name in ("page", "limit")} | {"cursor": BAD_CURSORS}

NEW_AGENT = {"email": "kim@desk.example", "name": "Kim Lee"}
AGENT_WRONG = {
    "email": (*BAD_EMAIL, None),
    "name": (*BAD_LABEL, None),
    "role": BAD_CHOICE,
    "department": BAD_LABEL,
    "languages": BAD_LANGUAGES,
    "specialisations": BAD_SKILLS,
    "capacity": BAD_CAPACITY,
    "active": (True,),
    "status": ("online",),
}
NEW_TEAM = {"name": "Returns"}
TEAM_WRONG = {
    "name": (*BAD_LABEL, None),
    "department": BAD_LABEL,
    "lead_id": (*BAD_OUR_ID, "agent_none"),
    "assignment_strategies": BAD_STRATEGIES,
    "members": ([],),
}
NOBODY, NO_TEAM = {"id_in_path": "agent_none"}, {"id_in_path": "team_none"}


def of_agents() -> list[Endpoint]:
    """On an agent and a team that do not exist."""
    agent, team = "/api/agents/agent_none", "/api/teams/team_none"
    member = f"{team}/members/agent_none"
    change_of_team = {name: values for name, values in TEAM_WRONG.items() if name != "lead_id"}
    return [
        Endpoint(
            name="list_agents",
            method="GET",
            target="/api/agents",
            queries=PAGES
            | {
                "role": BAD_WORD,
                "status": BAD_WORD,
                "team_id": ("", "%00", "%20", "x" * 65),
                "active": ("", "maybe", "2", "%00"),
                "q": ("", "%20", "%00", "x" * 101),
            },
        ),
        Endpoint(
            name="create_agent", method="POST", target="/api/agents", sound=NEW_AGENT, wrong=AGENT_WRONG
        ),
        Endpoint(
            name="change_own_status",
            method="PATCH",
            target="/api/agents/me",
            sound={"status": "online"},
            wrong={"status": BAD_CHOICE, "role": ("admin",)},
        ),
        Endpoint(name="read_agent", method="GET", target=agent, **NOBODY),
        Endpoint(name="change_agent", method="PATCH", target=agent, wrong=AGENT_WRONG, **NOBODY),
        Endpoint(name="deactivate_agent", method="DELETE", target=agent, bodyless=True, **NOBODY),
        Endpoint(
            name="reactivate_agent", method="POST", target=f"{agent}/reactivate", bodyless=True, **NOBODY
        ),
        Endpoint(name="list_teams", method="GET", target="/api/teams", queries=PAGES),
        Endpoint(name="create_team", method="POST", target="/api/teams", sound=NEW_TEAM, wrong=TEAM_WRONG),
        Endpoint(name="read_team", method="GET", target=team, **NO_TEAM),
        Endpoint(name="change_team", method="PATCH", target=team, wrong=change_of_team, **NO_TEAM),
        Endpoint(name="delete_team", method="DELETE", target=team, bodyless=True, **NO_TEAM),
        Endpoint(name="add_team_member", method="PUT", target=member, bodyless=True, **NO_TEAM),
        Endpoint(name="remove_team_member", method="DELETE", target=member, bodyless=True, **NO_TEAM),
    ]
