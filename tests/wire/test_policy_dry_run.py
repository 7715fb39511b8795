"""What a change of the policies would mean, told over HTTP before it is made; on SQLite and PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.identifiers import new_ref
from tests.conftest import empty_all_tables
from tests.wire.desk import Desk, running_desk
from tests.wire.promises import FIRST, POLICIES, order


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """One for all: nothing that is tried out is ever made."""
    directory = tmp_path_factory.mktemp("dry-run")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with running_desk({"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log")}) as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


def rehearsed(desk: Desk, policies: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    answer = desk.post(f"{POLICIES}/dry-run", {"policies": policies} | fields)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_dry_run_tells_which_open_tickets_would_move_and_changes_nothing(desk: Desk) -> None:
    tag = new_ref()
    vip = desk.new_ticket(tags=[tag], priority="high")
    plain, pending = desk.new_ticket(), desk.new_ticket(tags=[tag], priority="low", status="pending")
    done, gone = desk.new_ticket(tags=[tag], status="resolved"), desk.new_ticket(tags=[tag])
    assert desk.call("DELETE", f"/api/tickets/{gone}").status_code == 204
    proposed = [{"name": "VIP", "any_tags": [tag]}, *({"id": policy_id} for policy_id in FIRST)]
    told = rehearsed(desk, proposed)
    moves = {move["ticket_id"]: move for move in told["moves"]}
    new = {"id": None, "name": "VIP"}
    assert moves == {
        vip: {
            "ticket_id": vip,
            "from_policy": {"id": "policy_high", "name": "High"},
            "to_policy": new,
        },
        pending: {
            "ticket_id": pending,
            "from_policy": {"id": "policy_low", "name": "Low"},
            "to_policy": new,
        },
    }
    assert plain not in moves
    assert done not in moves
    counts = {(count["policy"] or {}).get("name"): count for count in told["counts"]}
    assert list(counts) == ["VIP", "Urgent", "High", "Normal", "Low", None]
    assert (counts["VIP"]["before"], counts["VIP"]["after"]) == (0, 2)
    assert counts["High"]["before"] == counts["High"]["after"] + 1
    assert sum(count["before"] for count in told["counts"]) == told["examined"]
    assert sum(count["after"] for count in told["counts"]) == told["examined"]
    assert (told["truncated"], told["next_cursor"]) == (False, None)
    assert order(desk) == FIRST


def test_a_dry_run_knows_what_is_changed_moved_and_gone(desk: Desk) -> None:
    urgent = desk.new_ticket(priority="urgent")
    renamed = [{"id": "policy_urgent", "name": "At once", "resolution_minutes": 1}]
    rest = [{"id": policy_id} for policy_id in FIRST[1:]]

    def move(policies: list[dict[str, Any]]) -> Any:
        moves = [one for one in rehearsed(desk, policies)["moves"] if one["ticket_id"] == urgent]
        return moves[0]["to_policy"] if moves else "stays"

    assert move([*renamed, *rest]) == "stays"
    assert move(rest) is None
    assert move([{"id": "policy_low", "priorities": []}, *renamed, *rest[:2]]) == {
        "id": "policy_low",
        "name": "Low",
    }
    assert move([{"id": "policy_urgent", "channels": ["sms"]}, *rest]) is None
    assert move([]) is None


def test_a_dry_run_examines_a_bounded_number_of_tickets_and_says_so(desk: Desk) -> None:
    tag = new_ref()
    tickets = [desk.new_ticket(tags=[tag], status=status) for status in ("open", "pending") * 3]
    proposed = [{"name": "VIP", "any_tags": [tag]}, *({"id": policy_id} for policy_id in FIRST)]
    moved, cursor, pages = [], None, 0
    while cursor or not pages:
        told = rehearsed(desk, proposed, limit=2, cursor=cursor)
        moved += [move["ticket_id"] for move in told["moves"]]
        assert told["examined"] <= 2
        assert told["truncated"] == (told["next_cursor"] is not None)
        cursor, pages = told["next_cursor"], pages + 1
    assert moved == tickets[::-1]
    assert pages >= 3


@pytest.mark.parametrize(
    ("policies", "field"),
    [
        ([{"id": "policy_none"}], "policies.0.id"),
        ([{"id": "policy_low"}, {"id": "policy_low"}], "policies.1.id"),
        ([{"id": "policy_low"}, {"any_tags": ["vip"]}], "policies.1.name"),
        ([{"name": "VIP"}, {"name": "vip"}], "policies.1.name"),
        ([{"name": "VIP", "calendar_id": "calendar_none"}], "policies.0.calendar_id"),
    ],
)
def test_a_dry_run_refuses_a_list_that_could_not_be(
    desk: Desk, policies: list[dict[str, Any]], field: str
) -> None:
    refused = desk.post(f"{POLICIES}/dry-run", {"policies": policies})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])
