"""`/api/auth`: signing in and out, and who one is."""

from typing import Any

from flask import request

from service.access.schemas import (
    AcceptanceSchema,
    CallerSchema,
    PasswordChangeSchema,
    RefreshSchema,
    SignedInSchema,
    SignInSchema,
)
from service.access.services import Credentials, Sessions, SignedIn, SignIn
from service.errors import Forbidden
from service.http.callers import current_caller, needs, public
from service.http.components import component
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Signing in")


@blueprint.post("/login")
@public
@blueprint.arguments(SignInSchema)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.alt_response(429, "TOO_MANY_REQUESTS")
@blueprint.response(200, SignedInSchema)
def sign_in(body: dict[str, str]) -> SignedIn:
    """Sign in with e-mail address and password"""
    return component(SignIn).sign_in(body["email"], body["password"], address=_address())


@blueprint.post("/refresh")
@public
@blueprint.arguments(RefreshSchema)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.response(200, SignedInSchema)
def refresh_session(body: dict[str, str]) -> SignedIn:
    """Get new tokens; the refresh token that is sent is used up by it"""
    return component(Sessions).refresh(body["refresh_token"])


@blueprint.post("/logout")
@public
@blueprint.arguments(RefreshSchema)
@blueprint.response(204)
def sign_out(body: dict[str, str]) -> None:
    """Sign out: the session of this refresh token ends, with all of its tokens"""
    component(Sessions).end(body["refresh_token"])


@blueprint.post("/accept-invitation")
@public
@blueprint.arguments(AcceptanceSchema)
@blueprint.alt_response(401, "UNAUTHORIZED")
@blueprint.response(200, SignedInSchema)
def accept_invitation(body: dict[str, str]) -> SignedIn:
    """Set one's password with the token of an invitation, and be signed in"""
    return component(Credentials).accept(body["token"], body["password"])


@blueprint.post("/password")
@needs(Permission.ACCOUNT_CHANGE)
@blueprint.arguments(PasswordChangeSchema)
@blueprint.alt_response(429, "TOO_MANY_REQUESTS")
@blueprint.response(200, SignedInSchema)
def change_password(body: dict[str, str]) -> SignedIn:
    """Change one's password: every session ends, and a new one begins"""
    agent_id = current_caller().agent_id
    if agent_id is None:
        raise Forbidden("This caller has no password; sign in as an agent.")
    return component(Credentials).change(
        agent_id, body["current_password"], body["new_password"], address=_address()
    )


@blueprint.get("/me")
@needs(Permission.ACCOUNT_READ)
@blueprint.response(200, CallerSchema)
def read_caller() -> dict[str, Any]:
    """Read who calls, and what they may do"""
    caller = current_caller()
    return {
        "id": caller.id,
        "kind": caller.kind,
        "name": caller.name,
        "role": caller.role,
        "agent_id": caller.agent_id,
        "team_ids": sorted(caller.team_ids),
        "scopes": sorted(caller.scopes),
        "permissions": {permission: reach.name.lower() for permission, reach in caller.grants.items()},
    }


def _address() -> str:
    return request.remote_addr or ""
