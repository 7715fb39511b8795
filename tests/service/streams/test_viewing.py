"""Who sees which events."""

import pytest

from service.http.callers import caller_of_key
from service.permissions import Owners, Role, Scope
from service.streams.viewing import Viewer
from tests.service.streams.watching import ALL, OURS, THEIRS, agent, event

KIM = Viewer.of(agent("kim", "ours"))
SIGNED_IN = {"ticket_id": None, "subject_type": "agent", "subject_id": "kim"}


@pytest.mark.parametrize(
    ("owners", "seen"),
    [
        (OURS, True),
        (THEIRS, False),
        (Owners(), True),
        (Owners(assignee_id="kim"), True),
        (Owners(team_id="theirs", assignee_id="kim"), True),
        (Owners(assignee_id="lee", assignee_team_ids=frozenset({"ours"})), True),
        (Owners(assignee_id="lee", assignee_team_ids=frozenset({"theirs"})), False),
        (Owners(team_id="ours", assignee_id="lee"), True),
        (None, False),
    ],
)
@pytest.mark.parametrize("role", [Role.AGENT, Role.SENIOR_AGENT, Role.TEAM_LEAD])
def test_up_to_a_team_lead_one_sees_what_happens_to_tickets_that_one_may_read(role, owners, seen):
    assert Viewer.of(agent("kim", "ours", role=role)).sees(event(1), owners) is seen


@pytest.mark.parametrize("role", [Role.MANAGER, Role.ADMIN])
def test_managers_and_admins_see_everything(role):
    viewer = Viewer.of(agent("maya", role=role))
    for told in (event(1), event(1, "auth.signed_in", **SIGNED_IN), event(1, ticket_id=None)):
        assert viewer.sees(told, None)


def test_an_agent_sees_what_happens_to_themselves_and_to_no_colleague():
    assert KIM.sees(event(1, "auth.signed_in", **SIGNED_IN), None)
    assert not KIM.sees(event(1, "auth.signed_in", **SIGNED_IN | {"subject_id": "lee"}), None)
    assert not KIM.sees(event(1, "agent.status_changed", **SIGNED_IN | {"subject_id": "lee"}), None)


@pytest.mark.parametrize("name", ["assigned_to", "agent_id"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_an_agent_learns_that_a_ticket_was_given_to_them_or_taken_from_them(side, name):
    assert KIM.sees(event(1, **{side: {name: "kim"}}), THEIRS)
    assert not KIM.sees(event(1, **{side: {name: "lee"}}), THEIRS)


def test_what_is_about_neither_tickets_nor_themselves_is_not_for_agents():
    for kind in ("customer.created", "order.recorded", "ticket_field.created"):
        assert not KIM.sees(event(1, kind, ticket_id=None, subject_type="customer"), None)


@pytest.mark.parametrize("scope", [Scope.DESK, Scope.READ, Scope.EVENTS])
def test_a_key_sees_all_but_what_is_for_the_audit(scope):
    viewer = Viewer.of(caller_of_key("k", "k", frozenset({scope})))
    assert viewer.sees(event(1), None)
    assert viewer.sees(event(1, "ticket.deleted"), None)
    assert viewer.sees(event(1, "customer.created", ticket_id=None), None)
    for kind in ("auth.signed_in", "api_key.created", "agent.updated", "customer.erased"):
        assert not viewer.sees(event(1, kind, ticket_id=None, subject_type="agent"), None)


def test_a_key_that_may_read_the_audit_sees_that_too():
    viewer = Viewer.of(caller_of_key("k", "k", frozenset({Scope.EVENTS, Scope.AUDIT})))
    assert viewer.sees(event(1, "auth.signed_in", **SIGNED_IN), None)


@pytest.mark.parametrize("scope", [Scope.FORM, Scope.METRICS, Scope.KEYS, Scope.INTELLIGENCE])
def test_other_keys_see_no_events(scope):
    assert Viewer.of(caller_of_key("k", "k", frozenset({scope}))) is None


def test_equal_viewers_are_told_from_no_other():
    assert Viewer.of(agent("kim", "ours")) == KIM
    assert len({KIM, Viewer.of(agent("kim", "ours")), ALL}) == 2
