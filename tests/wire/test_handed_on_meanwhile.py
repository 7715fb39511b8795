"""What is asked while a ticket is handed on goes by whose it is then, not by whose it was at the gate."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from service.assignment.assigner import Assigner
from service.assignment.services import AssignmentService
from service.database import Database
from service.testing.desk import SupportDesk
from tests.wire.calling import SignedIn, signed_in, team_of
from tests.wire.load import seconds_until
from tests.wire.rota import Rota, assigning_desk, new_rota
from tests.wire.watching import statements

WHOSE = "LEFT OUTER JOIN team_members"
"""In what the gate asks of the database."""

Ask = Callable[[str, SignedIn], requests.Response]

ASKS: dict[str, Ask] = {
    "assign": lambda path, ann: ann.post(f"{path}/assign", {"agent_id": ann.agent_id}),
    "auto-assign": lambda path, ann: ann.post(f"{path}/auto-assign"),
    "transfer": lambda path, ann: ann.post(f"{path}/transfer", {"agent_id": ann.agent_id}),
    "unassign": lambda path, ann: ann.post(f"{path}/unassign"),
    "taken by a change": lambda path, ann: ann.patch(path, {"assigned_to": ann.agent_id}),
    "given back by a change": lambda path, ann: ann.patch(path, {"assigned_to": None}),
    "another priority": lambda path, ann: ann.patch(path, {"priority": "urgent"}),
}


@pytest.fixture(scope="module")
def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupportDesk]:
    directory = tmp_path_factory.mktemp("meanwhile")
    copy = shutil.copy(migrated_sqlite, directory / "desk.db")
    with assigning_desk(f"sqlite:///{copy}", directory / "app.log") as desk:
        yield desk


@pytest.fixture(scope="module")
def ann(desk: SupportDesk) -> SignedIn:
    return signed_in(desk)


@pytest.fixture(scope="module")
def rota(desk: SupportDesk, ann: SignedIn) -> Rota:
    """Ann's, and somebody's whose tickets she reads and does not change."""
    ben = signed_in(desk)
    rota = Rota(desk, team_of(desk, ann.agent_id, ben.agent_id), (ann.agent_id, ben.agent_id))
    rota.comes()
    desk.clock.advance(5)
    return rota


def while_it_is_given(rota: Rota, ticket_id: str, ann: SignedIn, agent_id: str, **to: str) -> list[int]:
    """All that Ann may ask, each past the gate before the agent has the ticket, and done after that."""
    desk, path = rota.desk, f"/api/tickets/{ticket_id}"
    assignments, by = desk.component(AssignmentService), Assigner(actor="test")
    with statements(desk) as seen, ThreadPoolExecutor(len(ASKS)) as threads:
        with desk.component(Database).together():
            assignments.transfer(
                ticket_id, agent_id=agent_id, escalation=False, by=by, **{"team_id": None} | to
            )
            asked = [threads.submit(ask, path, ann) for ask in ASKS.values()]
            seconds_until(lambda: sum(WHOSE in each for each in seen) >= len(ASKS), at_most_s=1.5)
        answers = [each.result() for each in asked]
    return [answer.status_code for answer in answers]


def test_who_is_second_takes_nothing_from_who_was_first(rota: Rota, ann: SignedIn) -> None:
    ticket_id, ben = rota.ticket(), rota.agents[1]
    assert while_it_is_given(rota, ticket_id, ann, ben) == [403] * len(ASKS)
    page = rota.page(ticket_id)
    assert (page["assigned_to"], page["priority"], len(rota.history(ticket_id))) == (ben, "normal", 1)


def test_what_was_handed_on_is_no_longer_the_givers_to_hand_on(rota: Rota, ann: SignedIn) -> None:
    ticket_id, ben = rota.ticket(assigned_to=ann.agent_id), rota.agents[1]
    assert while_it_is_given(rota, ticket_id, ann, ben) == [403] * len(ASKS)
    assert rota.who(ticket_id) == ben


def test_what_went_to_a_team_of_others_is_not_there(rota: Rota, ann: SignedIn) -> None:
    ticket_id, others = rota.ticket(), new_rota(rota.desk, 1)
    (cem,) = others.agents
    assert while_it_is_given(rota, ticket_id, ann, cem, team_id=others.team_id) == [404] * len(ASKS)
    assert rota.who(ticket_id) == cem


def test_they_are_refused_in_the_words_of_the_gate(rota: Rota, ann: SignedIn) -> None:
    ticket_id, ben = rota.ticket(), rota.agents[1]
    with statements(rota.desk) as seen, ThreadPoolExecutor(1) as threads:
        with rota.desk.component(Database).together():
            rota.desk.component(AssignmentService).assign(ticket_id, ben, by=Assigner(actor="test"))
            asked = threads.submit(ASKS["assign"], f"/api/tickets/{ticket_id}", ann)
            seconds_until(lambda: any(WHOSE in each for each in seen), at_most_s=1.5)
        late = asked.result()
    later = ASKS["assign"](f"/api/tickets/{ticket_id}", ann)
    assert (late.status_code, late.json()["detail"]) == (later.status_code, later.json()["detail"])
