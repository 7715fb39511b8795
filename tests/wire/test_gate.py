"""What the gate asks of the database, and how soon it learns what others changed."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest

from tests.wire.cases import eventually
from tests.wire.desk import Desk, running_desk
from tests.wire.staff import Colleague, bearer, hire, new_team, refresh, status_of
from tests.wire.watching import statements

NOTHING_READ = "/api/system/configuration"


@pytest.fixture(scope="module")
def environment(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    copy = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("gate") / "desk.db")
    return {"DATABASE_URL": f"sqlite:///{copy}", "LOG_FILE": ""}


@pytest.fixture(scope="module")
def desk(environment: dict[str, str]) -> Iterator[Desk]:
    with running_desk(environment) as desk:
        yield desk


@pytest.fixture(scope="module")
def other(environment: dict[str, str], desk: Desk) -> Iterator[Desk]:
    """Another process of the same desk, but for the fork."""
    with running_desk(environment) as other:
        yield other


def new_key(desk: Desk) -> dict[str, str]:
    made = desk.post("/api/admin/keys", {"name": token_hex(8), "scopes": ["desk"]})
    return {"X-API-Key": made.json()["secret"]}


def asked_for(desk: Desk, path: str, headers: dict[str, str]) -> int:
    """Statements that a call takes once its caller is known."""
    assert desk.get(path, headers=headers).status_code == 200
    with statements(desk) as seen:
        assert desk.get(path, headers=headers).status_code == 200
    return questions(seen)


def questions(seen: list[str]) -> int:
    return sum(statement.startswith("SELECT") for statement in seen)


def test_a_caller_who_is_known_costs_no_statement(desk: Desk) -> None:
    for headers in (new_key(desk), hire(desk).headers, hire(desk, "admin").headers):
        assert asked_for(desk, NOTHING_READ, headers) == 0


def test_a_stranger_costs_one_statement_at_most_and_a_token_that_is_none_none(desk: Desk) -> None:
    for headers, cost in (
        ({"X-API-Key": "sd_wrong"}, 1),
        (bearer("eyJ.wrong.token"), 0),
        ({"Authorization": "Basic eDp5"}, 0),
    ):
        with statements(desk) as seen:
            assert status_of(desk, headers) == 401
        assert questions(seen) == cost
        with statements(desk) as seen:
            assert status_of(desk, headers) == 401
        assert seen == []


def test_whoever_reaches_all_tickets_is_not_asked_whose_one_is(desk: Desk) -> None:
    path = f"/api/tickets/{desk.new_ticket()}/events"
    least = asked_for(desk, path, {})
    for headers in (new_key(desk), hire(desk, "manager").headers):
        assert asked_for(desk, path, headers) == least
    assert asked_for(desk, path, hire(desk, "agent").headers) == least + 1


def test_a_new_role_or_team_holds_everywhere_within_seconds(desk: Desk, other: Desk) -> None:
    kim, team_id = hire(desk, "agent"), new_team(desk)
    fields = {"key": f"f_{token_hex(4)}", "label": "Order number", "type": "text"}
    ticket_id = desk.new_ticket(team_id=team_id)

    def of(where: Desk) -> tuple[int, int]:
        created = where.post("/api/ticket-fields", fields | {"type": "nonsense"}, headers=kim.headers)
        return created.status_code, where.get(f"/api/tickets/{ticket_id}", headers=kim.headers).status_code

    assert of(desk) == of(other) == (403, 404)
    assert desk.call("PUT", f"/api/teams/{team_id}/members/{kim.id}").status_code == 200
    assert of(desk) == (403, 200)
    assert desk.patch(f"/api/agents/{kim.id}", {"role": "manager"}).status_code == 200
    assert of(desk) == (422, 200)
    assert eventually(lambda: of(other) == (422, 200) or None, within_s=5)


def test_a_session_that_ends_here_is_over_everywhere_within_seconds(desk: Desk, other: Desk) -> None:
    def ended(colleague: Colleague) -> bool | None:
        return status_of(other, colleague.headers) == 401 or None

    out, reused = hire(desk), hire(desk)
    assert {status_of(other, colleague.headers) for colleague in (out, reused)} == {200}
    desk.post("/api/auth/logout", {"refresh_token": out.tokens["refresh_token"]})
    assert [refresh(desk, reused.tokens).status_code for _ in range(2)] == [200, 401]
    for colleague in (out, reused):
        assert status_of(desk, colleague.headers) == 401
        assert eventually(lambda colleague=colleague: ended(colleague), within_s=5)
