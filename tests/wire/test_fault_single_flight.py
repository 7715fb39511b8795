"""Over two processes that share a Redis: who is unknown is asked about once."""

from collections.abc import Iterator
from functools import partial

import pytest

from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.wire.cases import at_once
from tests.wire.conftest import SIMULATOR_KEY
from tests.wire.processes import two_processes

CUSTOMER = "cust_123"
PATH = f"/api/ai/customers/{CUSTOMER}/intelligence"
CLIENTS, MANY_CLIENTS = 60, 200
UPSTREAM_TAKES_S = 0.5


@pytest.fixture
def quimbi() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(api_key=SIMULATOR_KEY) as simulator:
        yield simulator


def test_of_many_who_ask_two_processes_about_one_unknown_customer_one_asks_quimbi(
    quimbi: QuimbiSimulator, sqlite_url: str, redis_url: str, *, full: bool
) -> None:
    with two_processes(sqlite_url, quimbi, redis_url, FACTS_DEADLINE="10") as server:
        server.new_ticket(CUSTOMER)
        quimbi.inject(Fault.LATENCY, seconds=UPSTREAM_TAKES_S)
        answers = at_once([partial(server.get, PATH)] * (MANY_CLIENTS if full else CLIENTS))
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert {answer["provenance"]["provider"] for answer in told} == {"quimbi"}
    assert {answer["provenance"]["degraded"] for answer in told} == {False}
    assert len({answer["predictions"]["churn_risk"] for answer in told}) == 1
    assert quimbi.calls("analyze", customer_id=CUSTOMER) == 1
