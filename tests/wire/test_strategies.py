"""How the desk and its teams choose who gets a ticket, over HTTP."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from providers.models import Capability
from service.agents.models import Team
from service.database import Database
from service.identifiers import new_ref
from service.permissions import Role
from service.testing.desk import SupportDesk
from tests.wire.calling import new_agent, team_of
from tests.wire.rota import Rota, assigning_desk
from tests.wire.staff import hire


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("strategies")
    url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    settings = {"ASSIGNMENT_VIP_VALUE": "500", "ASSIGNMENT_STRATEGIES": "language,vip_to_senior,skills"}
    with assigning_desk(url, directory / "app.log", **settings) as desk:
        yield desk


def rota_of(desk: SupportDesk, *agents: dict[str, Any]) -> Rota:
    ids = tuple(new_agent(desk, **fields)["id"] for fields in agents)
    rota = Rota(desk, team_of(desk, *ids), ids)
    rota.comes()
    return rota


def choose(rota: Rota, names: list[str] | None) -> None:
    changed = rota.desk.patch(f"/api/teams/{rota.team_id}", {"assignment_strategies": names})
    assert changed.status_code == 200, changed.text


def chosen(rota: Rota, **ticket: Any) -> dict[str, Any]:
    assignment: dict[str, Any] = rota.done("auto-assign", rota.ticket(**ticket))["assignment"]
    return assignment


def test_a_team_goes_by_its_own_list_or_by_that_of_the_desk(desk: SupportDesk) -> None:
    rota = rota_of(desk, {"specialisations": ["Sizes"], "capacity": 8}, {"capacity": 4})
    knowing, other = rota.agents
    by_skill = chosen(rota, tags=["sizes"])
    assert (by_skill["agent_id"], by_skill["strategies"]) == (knowing, ["skills"])
    assert by_skill["why"] == "Knows sizes."
    choose(rota, ["least_loaded", "skills"])
    by_load = chosen(rota, tags=["sizes"])
    assert (by_load["agent_id"], by_load["strategies"]) == (other, ["least_loaded"])
    assert by_load["why"] == "Carries 0 of 4 tickets, the least share of those in question."
    choose(rota, None)
    assert chosen(rota, tags=["sizes"])["agent_id"] == knowing


def test_a_tickets_language_is_its_own_else_its_customers(desk: SupportDesk) -> None:
    made = desk.post("/api/ticket-fields", {"key": "language", "label": "Language", "type": "text"})
    assert made.status_code == 201, made.text
    rota = rota_of(desk, {"languages": ["de"]}, {"languages": ["fr-CA"]}, {"languages": ["en"]})
    german, french, _ = rota.agents
    customer = {"id": rota.customer, "locale": "de-AT"}
    assert desk.post("/api/customers", customer).status_code == 201
    customers = chosen(rota)
    assert (customers["agent_id"], customers["why"]) == (german, "Speaks German.")
    own = chosen(rota, custom_fields={"language": "fr"})
    assert (own["agent_id"], own["why"]) == (french, "Speaks French.")
    nobody = chosen(rota, custom_fields={"language": "ja"})
    assert nobody["why"].startswith("Nobody in question speaks Japanese; ")
    assert "language" not in nobody["strategies"]


def test_who_is_worth_much_gets_somebody_senior(desk: SupportDesk) -> None:
    senior, customer = hire(desk, Role.SENIOR_AGENT).id, new_ref()
    junior = new_agent(desk, capacity=1_000)["id"]
    rota = Rota(desk, team_of(desk, senior, junior), (senior, junior), customer)
    rota.comes()
    assert "vip_to_senior" not in chosen(rota)["strategies"]
    desk.stub.answers(Capability.ANALYZE, {"metrics": {"lifetime_value": 500}}, customer=customer)
    known = desk.get(f"/api/ai/customers/{customer}/intelligence")
    assert known.status_code == 200, known.text
    for _ in range(2):
        assignment = chosen(rota)
        assert (assignment["agent_id"], assignment["strategies"]) == (senior, ["vip_to_senior"])
        assert assignment["why"] == "Is a senior agent, for a customer of high value."


def test_a_strategy_of_a_newer_version_is_left_out_and_the_list_stays(desk: SupportDesk) -> None:
    rota = rota_of(desk, {"specialisations": ["sizes"]}, {})
    stored = ["by_horoscope", "skills"]
    with desk.component(Database).writing() as session:
        session.execute(update(Team).where(Team.id == rota.team_id).values(assignment_strategies=stored))
    assert chosen(rota, tags=["sizes"])["strategies"] == ["skills"]
    told = desk.get(f"/api/teams/{rota.team_id}").json()["team"]
    assert told["assignment_strategies"] == stored
