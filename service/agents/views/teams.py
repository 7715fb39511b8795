"""`/api/teams`."""

from typing import Any

from flask import url_for

from service.agents.models import Team
from service.agents.schemas.teams import (
    NewTeamSchema,
    TeamChangeSchema,
    TeamListSchema,
    TeamQuerySchema,
    ToldTeamSchema,
)
from service.agents.services import NewTeam, TeamChange, TeamService, ToldTeam
from service.agents.views.editors import editor
from service.http.callers import needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("teams", __name__, url_prefix="/api/teams", description="Teams and who is in them")

Told = tuple[dict[str, ToldTeam], int, dict[str, str]]


@blueprint.get("")
@needs(Permission.AGENTS_READ)
@blueprint.arguments(TeamQuerySchema, location="query")
@blueprint.response(200, TeamListSchema)
def list_teams(query: dict[str, Any]) -> Listing[Team]:
    """List teams in the order in which they were made"""
    return component(TeamService).listing(Page.asked(**query))


@blueprint.post("")
@needs(Permission.TEAMS_CREATE)
@blueprint.arguments(NewTeamSchema)
@idempotent
@blueprint.response(201, ToldTeamSchema)
def create_team(new: NewTeam) -> Told:
    """Create a team"""
    told = component(TeamService).create(new, by=editor(Permission.TEAMS_CREATE))
    where = {"Location": url_for("teams.read_team", team_id=told.team.id)}
    return {"team": told}, 201, where | etag(told.team.version)


@blueprint.get("/<id:team_id>")
@needs(Permission.AGENTS_READ)
@blueprint.response(200, ToldTeamSchema)
def read_team(team_id: str) -> Told:
    """Read a team with its members"""
    return _told(component(TeamService).read(team_id))


@blueprint.patch("/<id:team_id>")
@needs(Permission.TEAMS_CHANGE)
@blueprint.arguments(TeamChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldTeamSchema)
def change_team(change: TeamChange, headers: dict[str, Any], team_id: str) -> Told:
    """Change a team: what is not named stays as it is"""
    by = editor(Permission.TEAMS_CHANGE)
    return _told(component(TeamService).change(team_id, change, by=by, expected=headers["expected"]))


@blueprint.delete("/<id:team_id>")
@needs(Permission.TEAMS_CREATE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(204)
def delete_team(headers: dict[str, Any], team_id: str) -> None:
    """Delete a team that has neither members nor tickets"""
    by = editor(Permission.TEAMS_CREATE)
    component(TeamService).delete(team_id, by=by, expected=headers["expected"])


# `member_id`, not `agent_id`: whether the caller reaches it is told by the team.


@blueprint.put("/<id:team_id>/members/<id:member_id>")
@needs(Permission.TEAMS_CHANGE)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldTeamSchema)
def add_team_member(team_id: str, member_id: str) -> Told:
    """Put an agent into a team"""
    return _told(component(TeamService).add_member(team_id, member_id, by=editor(Permission.TEAMS_CHANGE)))


@blueprint.delete("/<id:team_id>/members/<id:member_id>")
@needs(Permission.TEAMS_CHANGE)
@blueprint.response(204)
def remove_team_member(team_id: str, member_id: str) -> None:
    """Take an agent out of a team"""
    component(TeamService).remove_member(team_id, member_id, by=editor(Permission.TEAMS_CHANGE))


def _told(told: ToldTeam) -> Told:
    return {"team": told}, 200, etag(told.team.version)
