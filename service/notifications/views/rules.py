"""`/api/admin/notification-rules`."""

from typing import Any

from flask import url_for

from service.http.callers import current_caller, needs
from service.http.components import component
from service.http.conditional import IfMatchSchema, etag
from service.http.idempotency import idempotent
from service.http.pagination import Listing, Page
from service.http.parsing import Blueprint
from service.notifications.models import NotificationRule
from service.notifications.schemas.rules import (
    NewRuleSchema,
    RuleChangeSchema,
    RuleListSchema,
    RuleQuerySchema,
    ToldRuleSchema,
)
from service.notifications.services import NewRule, NotificationRules, RuleChange
from service.permissions import Permission

blueprint = Blueprint(
    "notification_rules",
    __name__,
    url_prefix="/api/admin/notification-rules",
    description="Who hears of what",
)

Told = tuple[dict[str, NotificationRule], int, dict[str, str]]


@blueprint.get("")
@needs(Permission.NOTIFICATIONS_MANAGE)
@blueprint.arguments(RuleQuerySchema, location="query")
@blueprint.response(200, RuleListSchema)
def list_notification_rules(query: dict[str, Any]) -> Listing[NotificationRule]:
    """List rules in the order in which they were made"""
    return component(NotificationRules).listing(Page.asked(**query))


@blueprint.post("")
@needs(Permission.NOTIFICATIONS_MANAGE)
@blueprint.arguments(NewRuleSchema)
@idempotent
@blueprint.response(201, ToldRuleSchema)
def create_notification_rule(new: NewRule) -> Told:
    """Create a rule"""
    rule = component(NotificationRules).create(new, actor=current_caller().id)
    where = {"Location": url_for("notification_rules.read_notification_rule", rule_id=rule.id)}
    return {"rule": rule}, 201, where | etag(rule.version)


@blueprint.get("/<id:rule_id>")
@needs(Permission.NOTIFICATIONS_MANAGE)
@blueprint.response(200, ToldRuleSchema)
def read_notification_rule(rule_id: str) -> Told:
    """Read a rule"""
    return _told(component(NotificationRules).read(rule_id))


@blueprint.patch("/<id:rule_id>")
@needs(Permission.NOTIFICATIONS_MANAGE)
@blueprint.arguments(RuleChangeSchema)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(200, ToldRuleSchema)
def change_notification_rule(change: RuleChange, headers: dict[str, Any], rule_id: str) -> Told:
    """Change a rule: what is not named stays as it is"""
    rules, actor = component(NotificationRules), current_caller().id
    return _told(rules.change(rule_id, change, actor=actor, expected=headers["expected"]))


@blueprint.delete("/<id:rule_id>")
@needs(Permission.NOTIFICATIONS_MANAGE)
@blueprint.arguments(IfMatchSchema, location="headers")
@blueprint.response(204)
def delete_notification_rule(headers: dict[str, Any], rule_id: str) -> None:
    """Delete a rule"""
    actor = current_caller().id
    component(NotificationRules).delete(rule_id, actor=actor, expected=headers["expected"])


def _told(rule: NotificationRule) -> Told:
    return {"rule": rule}, 200, etag(rule.version)
