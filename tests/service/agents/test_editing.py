"""Who may change whom: every role, and a key, on every role."""

from itertools import product

import pytest

from service.agents.editing import Editor
from service.errors import Forbidden
from service.permissions import Reach, Role
from tests.service.persistence.rows import agent

MAY_EDIT = {
    Role.AGENT: set(),
    Role.SENIOR_AGENT: {Role.AGENT},
    Role.TEAM_LEAD: {Role.AGENT, Role.SENIOR_AGENT},
    Role.MANAGER: {Role.AGENT, Role.SENIOR_AGENT, Role.TEAM_LEAD},
    Role.ADMIN: set(Role),
    None: set(Role),
}
"""By the editor's role; None is a key, which was made by an admin."""


def allowed(check, *arguments):
    try:
        check(*arguments)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize(("role", "other"), list(product(MAY_EDIT, Role)))
def test_who_is_edited_or_made_is_below_the_editor(role, other):
    editor = Editor(actor="agent:a", role=role, agent_id="a")
    expected = other in MAY_EDIT[role]
    assert allowed(editor.check_may_edit, agent(role=other)) == expected
    assert allowed(editor.check_may_give, other) == expected


@pytest.mark.parametrize("role", Role)
def test_everybody_may_edit_themselves(role):
    editor = Editor(actor="agent:a", role=role, agent_id="a")
    assert allowed(editor.check_may_edit, agent(id="a", role=role))


@pytest.mark.parametrize(
    ("reach", "teams", "expected"),
    [
        (Reach.ANY, {"theirs"}, True),
        (Reach.TEAM, {"theirs"}, False),
        (Reach.TEAM, {"theirs", "ours"}, True),
        (Reach.TEAM, set(), True),
    ],
)
def test_whose_reach_ends_at_a_team_takes_nobody_out_of_anothers(reach, teams, expected):
    editor = Editor(
        actor="agent:a", role=Role.TEAM_LEAD, agent_id="a", team_ids=frozenset({"ours"}), reach=reach
    )
    assert allowed(editor.check_may_move, agent(role=Role.AGENT), frozenset(teams)) == expected
