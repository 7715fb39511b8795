"""`flask --app wsgi agents …`."""

import pytest

from service.app import create_app
from tests.wire.cases import eventually
from tests.wire.desk import running_desk

PASSWORD = "quiet lanterns over the harbour"


@pytest.fixture
def agents(settings_for, sqlite_url, logging_restored):
    def run(*arguments, said=None):
        app = create_app(settings_for(sqlite_url))
        return app.test_cli_runner().invoke(args=("agents", *arguments), input=said)

    return run


def rows(listed):
    return [line.split() for line in listed.output.splitlines()[2:]]


def test_the_first_admin_is_made_with_a_password_that_is_no_argument(agents, sqlite_url):
    made = agents("create-admin", "Kim@Desk.example", "Kim Lee", said=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    ((agent_id, email, *_, role, status, active, teams),) = rows(agents("list"))
    assert (email, role, status, active, teams) == ("kim@desk.example", "admin", "offline", "yes", "-")
    assert made.output.endswith(f"Made the admin {agent_id}.\n")
    with running_desk({"DATABASE_URL": sqlite_url}) as desk:
        signed_in = desk.post("/api/auth/login", {"email": "kim@desk.example", "password": PASSWORD})
        assert signed_in.status_code == 200, signed_in.text


def test_a_password_may_come_from_a_pipe(agents):
    made = agents("create-admin", "kim@desk.example", "Kim", "--password-stdin", said=f"{PASSWORD}\r\nmore\n")
    assert made.exit_code == 0, made.output
    again = agents("create-admin", "KIM@desk.example", "Kim", "--password-stdin", said=f"{PASSWORD}\n")
    assert (again.exit_code, "another agent has this address" in again.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said", "told"),
    [
        (("kim@desk.example", "Kim"), "short\n", "password: Must be at least 12"),
        (("kim@desk.example", "Kim"), "", "password: Must be at least 12"),
        (("kim", "Kim"), f"{PASSWORD}\n", "email: "),
        (("kim@desk.example", " "), f"{PASSWORD}\n", "name: "),
    ],
)
def test_an_admin_who_cannot_be_is_refused_by_name_and_not_made_by_half(agents, arguments, said, told):
    refused = agents("create-admin", *arguments, "--password-stdin", said=said)
    assert refused.exit_code in {1, 2}
    assert told in refused.output
    assert rows(agents("list")) == []


def test_who_is_deactivated_is_refused_within_five_seconds_and_the_last_admin_stays(agents, sqlite_url):
    for name in ("kim", "lee"):
        agents("create-admin", f"{name}@desk.example", name, "--password-stdin", said=f"{PASSWORD}\n")
    ids = {email: agent_id for agent_id, email, *_ in rows(agents("list"))}
    kim, lee = ids["kim@desk.example"], ids["lee@desk.example"]
    with running_desk({"DATABASE_URL": sqlite_url}) as desk:
        sign_in = {"email": "kim@desk.example", "password": PASSWORD}
        token = desk.post("/api/auth/login", sign_in).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert desk.get("/api/agents/me", headers=headers).json()["agent"]["id"] == kim
        done = agents("deactivate", kim)
        assert (done.exit_code, done.output) == (0, f"{kim} is not active.\n")

        def refused() -> bool | None:
            return desk.get("/api/agents/me", headers=headers).status_code == 401 or None

        assert eventually(refused, within_s=5)
        assert desk.post("/api/auth/login", sign_in).status_code == 401
    last = agents("deactivate", lee)
    assert (last.exit_code, "last active admin" in last.output) == (1, True)
    assert agents("deactivate", "agent_nobody").output == "Error: There is no agent 'agent_nobody'.\n"
