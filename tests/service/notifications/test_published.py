"""What receivers of webhooks hear of."""

import json

import pytest

from service.identifiers import new_id
from service.notifications.published import KNOWN, PATTERN, body_of, is_known, is_wanted
from tests.pages import DOCS
from tests.service.notifications.events import fed


@pytest.mark.parametrize(
    ("kind", "pattern", "wanted"),
    [
        ("ticket.created", "ticket.created", True),
        ("ticket.created", "ticket.*", True),
        ("ticket.created", "*", True),
        ("ticket.created", "ticket.created@1", True),
        ("ticket.created", "ticket.*@1", True),
        ("ticket.created", "*@2", False),
        ("ticket.created", "ticket.updated", False),
        ("ticket_field.created", "ticket.*", False),
        ("sla.breached", "sla.*", True),
        ("auth.signed_in", "*", False),
        ("access.denied", "*", False),
        ("api_key.created", "*", False),
        ("webhook.secret_rotated", "*", False),
        ("notification_rule.changed", "*", False),
        ("audit.exported", "*", False),
    ],
)
def test_an_endpoint_hears_of_what_it_asked_for(kind: str, pattern: str, wanted: bool) -> None:
    assert PATTERN.fullmatch(pattern)
    assert is_wanted(fed(kind), [pattern]) is wanted


def test_an_event_type_that_never_is_told_is_known_as_such() -> None:
    assert "ticket.created" in KNOWN
    assert all(map(is_known, ["ticket.created", "ticket.created@7", "ticket.*", "*", "*@1", "sla.*"]))
    assert not any(map(is_known, ["ticket.nothing", "auth.signed_in", "auth.*", "webhook.test", "x.*"]))


def test_a_payload_is_as_the_specification_recommends() -> None:
    event = fed("ticket.updated", position=7, before={"status": "open"}, after={"status": "pending"})
    assert json.loads(body_of(event)) == {
        "type": "ticket.updated",
        "timestamp": "2026-01-31T12:00:00.123Z",
        "data": {
            "version": 1,
            "position": 7,
            "subject": {"type": "ticket", "id": "ticket_1"},
            "ticket_id": "ticket_1",
            "actor": "key:web",
            "before": {"status": "open"},
            "after": {"status": "pending"},
        },
    }
    assert body_of(event) == body_of(event)


def test_words_and_names_of_people_stay_inside() -> None:
    kim = new_id("agent")
    after = {"assigned_to": "Kim from nights", "note": "She is angry", "status": "open"}
    told = json.loads(body_of(fed(after=after, before={"assigned_to": kim})))["data"]
    assert told["after"] == {"assigned_to": None, "status": "open"}
    assert told["before"] == {"assigned_to": kim}
    label = json.loads(body_of(fed(after={"assigned_to": "agent_kim_lee"})))["data"]
    assert label["after"] == {"assigned_to": None}
    switched = fed(
        "provider.disabled", subject_type="provider", after={"reason": "Kim said so", "version": 2}
    )
    assert json.loads(body_of(switched))["data"]["after"] == {"version": 2}
    moved = fed("ticket.assigned", after={"agent_id": "agent_1", "reason": "manual"})
    assert json.loads(body_of(moved))["data"]["after"]["reason"] == "manual"


@pytest.mark.parametrize(
    ("actor", "told"),
    [
        ("agent:agent_1", "agent:agent_1"),
        ("key:web", "key:web"),
        ("webhook:inbound_1", "webhook:inbound_1"),
        ("service", "service"),
        ("anonymous", "anonymous"),
        ("cli:kim", "cli"),
        ("import:tickets of Kim Lee: all.csv", "import"),
    ],
)
def test_who_did_it_is_told_without_what_may_be_a_name(actor: str, told: str) -> None:
    assert json.loads(body_of(fed(actor=actor)))["data"]["actor"] == told
    assert f"`{told.partition(':')[0]}" in (DOCS / "webhooks.md").read_text()
