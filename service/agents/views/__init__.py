"""`/api/agents` and `/api/teams`."""

from service.agents.views.agents import blueprint as agents
from service.agents.views.teams import blueprint as teams

BLUEPRINTS = (agents, teams)
