"""Calendars and policies of a running desk."""

from typing import Any

from service.identifiers import new_ref
from tests.wire.desk import Desk

CALENDARS, POLICIES = "/api/sla/calendars", "/api/sla/policies"
FIRST = ["policy_urgent", "policy_high", "policy_normal", "policy_low"]
"""The policies of a new desk, in their order."""


def new_calendar(desk: Desk, **fields: Any) -> dict[str, Any]:
    body = {"name": new_ref(), "time_zone": "UTC", "hours": {}} | fields
    created = desk.post(CALENDARS, body)
    assert created.status_code == 201, created.text
    calendar: dict[str, Any] = created.json()["calendar"]
    return calendar


def new_policy(desk: Desk, **fields: Any) -> dict[str, Any]:
    created = desk.post(POLICIES, {"name": new_ref(), "calendar_id": "calendar_always"} | fields)
    assert created.status_code == 201, created.text
    policy: dict[str, Any] = created.json()["policy"]
    return policy


def order(desk: Desk) -> list[str]:
    return [policy["id"] for policy in desk.get(POLICIES).json()["policies"]]
