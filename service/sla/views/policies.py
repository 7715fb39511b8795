"""`/api/sla/policies`."""

from typing import Any

from flask import url_for

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.idempotency import idempotent
from service.http.pagination import Listing
from service.http.parsing import Blueprint
from service.permissions import Permission
from service.sla.models import StoredPolicy
from service.sla.queries import PolicyPage
from service.sla.schemas.policies import (
    DryRunSchema,
    NewPolicySchema,
    PolicyChangeSchema,
    PolicyListSchema,
    PolicyOrderSchema,
    PolicyQuerySchema,
    ToldDryRunSchema,
    ToldPolicySchema,
)
from service.sla.services import DryRun, NewPolicy, PolicyChange, PolicyRehearsal, PolicyService

blueprint = Blueprint(
    "sla_policies", __name__, url_prefix="/api/sla/policies", description="What is promised to whom"
)

Told = tuple[dict[str, StoredPolicy], int, dict[str, str]]


@blueprint.get("")
@needs(Permission.SERVICE_LEVELS_READ)
@blueprint.arguments(PolicyQuerySchema, location="query")
@blueprint.response(200, PolicyListSchema)
def list_sla_policies(query: dict[str, Any]) -> Listing[StoredPolicy]:
    """List policies in their order: the first that matches a ticket is the ticket's"""
    return component(PolicyService).listing(PolicyPage.asked(**query))


@blueprint.post("")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(NewPolicySchema)
@idempotent
@blueprint.response(201, ToldPolicySchema)
def create_sla_policy(new: NewPolicy) -> Told:
    """Create a policy"""
    policy = component(PolicyService).create(new, actor=current_caller().id)
    where = {"Location": url_for("sla_policies.read_sla_policy", policy_id=policy.id)}
    return {"policy": policy}, 201, where | etag(policy.version)


@blueprint.post("/order")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(PolicyOrderSchema)
@blueprint.response(200, PolicyListSchema)
def reorder_sla_policies(order: dict[str, Any]) -> Listing[StoredPolicy]:
    """Reorder the policies"""
    policies = component(PolicyService)
    policies.reorder(order["policy_ids"], actor=current_caller().id)
    return policies.listing(PolicyPage())


@blueprint.post("/dry-run")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(DryRunSchema)
@blueprint.response(200, ToldDryRunSchema)
def rehearse_sla_policies(wanted: dict[str, Any]) -> DryRun:
    """Tell which open tickets a change of the policies would move, and change nothing"""
    return component(PolicyRehearsal).run(**wanted)


@blueprint.get("/<id:policy_id>")
@needs(Permission.SERVICE_LEVELS_READ)
@blueprint.response(200, ToldPolicySchema)
def read_sla_policy(policy_id: str) -> Told:
    """Read a policy"""
    return _told(component(PolicyService).read(policy_id))


@blueprint.patch("/<id:policy_id>")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(PolicyChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.alt_response(409, "CONFLICT")
@blueprint.response(200, ToldPolicySchema)
def change_sla_policy(change: PolicyChange, headers: dict[str, Any], policy_id: str) -> Told:
    """Change a policy: what is not named stays as it is"""
    changed = component(PolicyService).change(
        policy_id, change, actor=current_caller().id, expected=headers["expected"]
    )
    return _told(changed)


@blueprint.delete("/<id:policy_id>")
@needs(Permission.SERVICE_LEVELS_CHANGE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(204)
def delete_sla_policy(headers: dict[str, Any], policy_id: str) -> None:
    """Delete a policy; its tickets are then the next one's that matches"""
    component(PolicyService).delete(policy_id, actor=current_caller().id, expected=headers["expected"])


def _told(policy: StoredPolicy) -> Told:
    return {"policy": policy}, 200, etag(policy.version)
