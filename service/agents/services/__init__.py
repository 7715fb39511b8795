"""Who works at the desk, and in which teams."""

from service.agents.directory import AgentDirectory
from service.agents.editing import Editor
from service.agents.queries import agents_among, departments_of, teams_kept
from service.agents.services.agents import AgentChange, AgentService, NewAgent, ToldAgent
from service.agents.services.teams import NewTeam, TeamChange, TeamService, ToldTeam

__all__ = [
    "AgentChange",
    "AgentDirectory",
    "AgentService",
    "Editor",
    "NewAgent",
    "NewTeam",
    "TeamChange",
    "TeamService",
    "ToldAgent",
    "ToldTeam",
    "agents_among",
    "departments_of",
    "teams_kept",
]
