"""A customer is erased while others write, ask, and wait for providers."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select

from providers.ports import AnswerCache
from providers.resilience.caching import decoded
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from service.cache import InProcessAnswerCache
from service.customers.models import Customer
from service.database import Database
from service.intelligence.models import Draft, StoredRecommendation
from service.jobs import JobRunner
from service.settings import Settings
from service.tickets.models import Message, Ticket
from tests.conftest import empty_all_tables
from tests.wire.cases import Case, at_once, eventually, new_case
from tests.wire.conftest import SIMULATOR_KEY, StartDesk, pointing_at
from tests.wire.desk import Desk, running_desk

ERASED = {"params": {"erase": "true"}}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def quimbi_and_desk(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[QuimbiSimulator, Desk]]:
    directory = tmp_path_factory.mktemp("meanwhile")
    if request.param == "postgresql":
        url = request.getfixturevalue("migrated_postgres")
    else:
        url = f"sqlite:///{shutil.copy(migrated_sqlite, directory / 'desk.db')}"
    with QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as quimbi:
        environment = {"DATABASE_URL": url, "LOG_FILE": str(directory / "app.log"), "FACTS_DEADLINE": "5"}
        with running_desk(pointing_at(quimbi) | environment | {"TEXTS_DEADLINE": "6"}) as desk:
            yield quimbi, desk
    if request.param == "postgresql":
        empty_all_tables(url)


@pytest.fixture
def quimbi(quimbi_and_desk: tuple[QuimbiSimulator, Desk]) -> QuimbiSimulator:
    quimbi_and_desk[0].clear_faults()
    return quimbi_and_desk[0]


@pytest.fixture
def desk(quimbi_and_desk: tuple[QuimbiSimulator, Desk]) -> Desk:
    return quimbi_and_desk[1]


def erase(case: Case) -> int:
    return case.desk.call("DELETE", f"/api/customers/{case.customer_id}", **ERASED).status_code


def erase_once_asked(quimbi: QuimbiSimulator, endpoint: str, calls: int, case: Case) -> int:
    """While the provider takes its time over the question."""
    eventually(lambda: quimbi.calls(endpoint) > calls or None)
    return erase(case)


@pytest.mark.parametrize(
    ("question", "endpoint"), [("draft-response", "message"), ("recommendation", "actions")]
)
def test_a_text_that_was_under_way_is_not_kept(
    quimbi: QuimbiSimulator, desk: Desk, question: str, endpoint: str
) -> None:
    case = new_case(desk)
    quimbi.inject(Fault.LATENCY, endpoint=endpoint, seconds=0.5)
    calls = quimbi.calls(endpoint)
    statuses = at_once(
        [lambda: case.ask(question).status_code, partial(erase_once_asked, quimbi, endpoint, calls, case)]
    )
    assert statuses == [404, 204]
    with desk.component(Database).reading() as session:
        for kind in (Draft, StoredRecommendation):
            of_ticket = select(func.count()).select_from(kind).where(kind.ticket_id == case.ticket_id)
            assert session.scalar(of_ticket) == 0


def test_facts_that_were_under_way_leave_the_cache_again(quimbi: QuimbiSimulator, desk: Desk) -> None:
    case = new_case(desk)
    quimbi.inject(Fault.LATENCY, endpoint="analyze", seconds=0.5)
    calls = quimbi.calls("analyze")
    at_once(
        [
            lambda: case.ask("intelligence").status_code,
            partial(erase_once_asked, quimbi, "analyze", calls, case),
        ]
    )
    cache: AnswerCache = desk.component(InProcessAnswerCache)
    assert cache.get(f"customer_intel:{case.customer_id}") is not None, "they came too late to be dropped"
    desk.component(JobRunner).run_now("forget-erased")
    assert cache.get(f"customer_intel:{case.customer_id}") is None


def test_another_process_remembers_nothing_either(
    quimbi: QuimbiSimulator, desk: Desk, start_desk: StartDesk
) -> None:
    other = start_desk(**pointing_at(quimbi), DATABASE_URL=desk.component(Settings).database_url)
    case = new_case(desk)
    assert other.get(case.path("intelligence")).status_code == 200
    cache: AnswerCache = other.component(InProcessAnswerCache)
    assert cache.get(f"customer_intel:{case.customer_id}") is not None
    assert erase(case) == 204
    other.component(JobRunner).run_now("forget-erased")
    assert cache.get(f"customer_intel:{case.customer_id}") is None
    assert decoded.cache_info().currsize == 0


def test_whoever_writes_meanwhile_is_answered_and_nothing_of_before_is_left(desk: Desk) -> None:
    case = new_case(desk)
    order = {
        "external_id": f"order-{case.customer_id}",
        "customer_id": case.customer_id,
        "ordered_at": "2026-01-31T10:00:00Z",
        "currency": "EUR",
        "status": "paid",
        "total": 10,
        "lines": [],
    }
    ticket = {"customer_id": case.customer_id, "subject": "Again", "initial_message": "Hello"}
    message = {"content": "Hello again", "from_agent": False}
    statuses = at_once(
        [
            *[lambda: desk.post("/api/tickets", ticket).status_code] * 4,
            *[lambda: desk.post(f"/api/tickets/{case.ticket_id}/messages", message).status_code] * 4,
            *[lambda: desk.post("/api/orders", order).status_code] * 2,
            lambda: desk.patch(f"/api/customers/{case.customer_id}", {"name": "Kim"}).status_code,
            *[partial(erase, case)] * 2,
        ]
    )
    assert max(statuses) < 500, statuses
    assert 204 in statuses[-2:]
    with desk.component(Database).reading() as session:
        first = session.get_one(Ticket, case.ticket_id)
        owner = session.get_one(Customer, first.customer_id)
        words = session.scalars(select(Message.content).where(Message.ticket_id == case.ticket_id)).all()
    assert owner.erased_at is not None
    assert owner.id != case.customer_id
    assert "It is late." not in words
