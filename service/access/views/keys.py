"""`/api/admin/keys`."""

from typing import Any

from flask import url_for

from service.access.models import ApiKey
from service.access.schemas import (
    KeyChangeSchema,
    KeyListSchema,
    KeyQuerySchema,
    MadeKeySchema,
    NewKeySchema,
    ToldKeySchema,
)
from service.access.services import ApiKeys, MadeKey, NewKey
from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.permissions import Permission

blueprint = Blueprint("keys", __name__, url_prefix="/api/admin/keys", description="API keys of REST clients")


@blueprint.get("")
@needs(Permission.KEYS_MANAGE)
@blueprint.arguments(KeyQuerySchema, location="query")
@blueprint.response(200, KeyListSchema)
def list_keys(query: dict[str, Any]) -> Listing[ApiKey]:
    """List API keys, the newest first; what was revoked is among them"""
    return component(ApiKeys).listing(Page.asked(**query))


@blueprint.post("")
@needs(Permission.KEYS_MANAGE)
@blueprint.arguments(NewKeySchema)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(201, MadeKeySchema)
def create_key(new: NewKey) -> tuple[MadeKey, int, dict[str, str]]:
    """Create an API key, which is shown in this answer alone"""
    caller = current_caller()
    made = component(ApiKeys).create(new, actor=caller.id, grants=caller.grants)
    return made, 201, {"Location": url_for("keys.read_key", key_id=made.key.id)}


@blueprint.get("/<id:key_id>")
@needs(Permission.KEYS_MANAGE)
@blueprint.response(200, ToldKeySchema)
def read_key(key_id: str) -> dict[str, ApiKey]:
    """Read an API key, but for the key itself"""
    return {"key": component(ApiKeys).read(key_id)}


@blueprint.patch("/<id:key_id>")
@needs(Permission.KEYS_MANAGE)
@blueprint.arguments(KeyChangeSchema)
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldKeySchema)
def rename_key(change: dict[str, str], key_id: str) -> dict[str, ApiKey]:
    """Rename an API key; what it may do cannot be changed"""
    return {"key": component(ApiKeys).rename(key_id, change["name"], actor=current_caller().id)}


@blueprint.delete("/<id:key_id>")
@needs(Permission.KEYS_MANAGE)
@blueprint.response(204)
def revoke_key(key_id: str) -> None:
    """Revoke an API key for good; within seconds it is refused everywhere"""
    component(ApiKeys).revoke(key_id, actor=current_caller().id)
