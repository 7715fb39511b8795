"""Queues, what nobody has, and who has room, over HTTP; on SQLite and PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.testing.desk import SupportDesk
from tests.conftest import empty_all_tables
from tests.wire.calling import new_agent, signed_in, team_of
from tests.wire.rota import Rota, assigning_desk, new_rota


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("assignment")
    on_postgres = request.param == "postgresql"
    if on_postgres:
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with assigning_desk(url, directory / "app.log") as desk:
        yield desk
    if on_postgres:
        empty_all_tables(url)


def test_a_queue_is_the_inbox_of_the_agents_tickets(desk: SupportDesk) -> None:
    rota = new_rota(desk, 9)
    low, urgent, done = (rota.ticket(priority=priority) for priority in ("low", "urgent", "high"))
    for ticket_id in (low, urgent, done):
        rota.given(ticket_id)
    rota.patched(low, status="pending")
    rota.patched(done, status="resolved")
    path = f"/api/agents/{rota.agents[0]}/queue"
    told = desk.get(path).json()
    inbox = desk.get("/api/tickets", params={"assigned_to": rota.agents[0]}).json()
    shown = {ticket["id"]: ticket.keys() for ticket in inbox["tickets"]}
    assert [ticket["id"] for ticket in told["tickets"]] == [urgent, low]
    assert [ticket.keys() for ticket in told["tickets"]] == [shown[urgent], shown[low]]
    assert (told["workload"]["open"], told["workload"]["pending"], told["pagination"]["total"]) == (1, 1, 2)
    resolved = desk.get(path, params={"status": "resolved", "sort": "updated_at"}).json()
    assert [ticket["id"] for ticket in resolved["tickets"]] == [done]
    assert desk.get("/api/agents/agent_none/queue").status_code == 404


def test_what_nobody_has_is_listed_as_the_inbox_does(desk: SupportDesk) -> None:
    rota = new_rota(desk, 9)
    low, urgent, taken, done = rota.tickets(4)
    rota.patched(low, priority="low")
    rota.patched(urgent, priority="urgent")
    rota.given(taken)
    rota.patched(done, status="closed")
    rota.ticket(assigned_to="Night shift")
    mine = {"team_id": rota.team_id}
    for order in ({}, {"sort": "created_at", "order": "desc"}, {"limit": 1}):
        told = desk.get("/api/tickets/unassigned", params=mine | order).json()
        found = [ticket["id"] for ticket in told["tickets"]]
        if told["pagination"]["next_cursor"]:
            cursor = told["pagination"]["next_cursor"]
            rest = desk.get("/api/tickets/unassigned", params=mine | order | {"cursor": cursor}).json()
            found += [ticket["id"] for ticket in rest["tickets"]]
        assert (found, told["pagination"]["total"]) == ([urgent, low], 2), order


def test_of_what_nobody_has_an_agent_sees_their_teams_and_no_teams(desk: SupportDesk) -> None:
    ann = signed_in(desk)
    rota, others = Rota(desk, team_of(desk, ann.agent_id), ()), new_rota(desk, 1)
    desk.clock.advance(5)
    ours, nobodys, theirs = rota.ticket(), rota.ticket(team_id=None), others.ticket()
    for order in ({}, {"sort": "created_at"}):
        seen = {each["id"] for each in ann.get("/api/tickets/unassigned", **order).json()["tickets"]}
        assert {ours, nobodys} <= seen
        assert theirs not in seen


def test_who_could_take_a_ticket_is_told_with_room_and_skills(desk: SupportDesk) -> None:
    rota = new_rota(desk, 1, 3, languages=["de-AT"], specialisations=["Returns"])
    kim, lee = rota.agents
    rota.given(rota.ticket(), lee)

    def available(**query: str) -> list[tuple[str, int]]:
        told = desk.get("/api/agents/available", params={"team_id": rota.team_id} | query).json()
        assert told["agents_truncated"] is False
        return [(agent["id"], agent["room"]) for agent in told["agents"]]

    assert available() == [(lee, 2), (kim, 1)]
    assert available(language="de", specialisation="returns") == [(lee, 2), (kim, 1)]
    assert available(language="fr") == available(specialisation="billing") == []
    rota.given(rota.ticket(), kim)
    rota.goes(lee)
    assert available() == []


def test_an_agent_reads_no_queue_of_strangers(desk: SupportDesk) -> None:
    ann, stranger = signed_in(desk), new_agent(desk)["id"]
    assert ann.get(f"/api/agents/{ann.agent_id}/queue").status_code == 200
    assert ann.get(f"/api/agents/{stranger}/queue").status_code == 403
