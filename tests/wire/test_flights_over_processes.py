"""The real service, two processes on one port: one call upstream where Redis is there, one each where not."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests

from benchmarks.processes import running
from providers.testing.quimbi_simulator import Fault, QuimbiSimulator
from tests.servers import Redis
from tests.wire.conftest import SIMULATOR_KEY, pointing_at
from tests.wire.flights import crowd

UPSTREAM_TAKES_S = 1.0
CLIENTS = 200

StartProcesses = Callable[..., str]


@pytest.fixture
def simulator() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect="deployed", api_key=SIMULATOR_KEY) as simulator:
        yield simulator


@pytest.fixture
def start(sqlite_url: str, tmp_path: Path, simulator: QuimbiSimulator) -> Iterator[StartProcesses]:
    """Starts two processes of 16 provider threads each; returns their URL."""
    with ExitStack() as stack:

        def starting(redis_url: str = "") -> str:
            environment = pointing_at(simulator) | {
                "ENVIRONMENT": "development",
                "SECRET_KEY": "s" * 32,
                "DATABASE_URL": sqlite_url,
                "REDIS_URL": redis_url,
                "FACTS_DEADLINE": "10",
                "TEXTS_DEADLINE": "10",
                "TEXTS_FACTS_WAIT": "3",
                "LOG_LEVEL": "ERROR",
                "LOG_FILE": str(tmp_path / "app.log"),
            }
            serve = ("wsgi.py", "--host", "127.0.0.1", "--port", "0", "--processes", "2")
            port = stack.enter_context(running(*serve, log=tmp_path / "log", environment=environment))
            return f"http://127.0.0.1:{port}"

        yield starting


def new_ticket(url: str, customer_id: str) -> str:
    body = {"customer_id": customer_id, "subject": "Where is it?", "initial_message": "It is late."}
    created = requests.post(f"{url}/api/tickets", json=body, timeout=10)
    assert created.status_code == 201, created.text
    return str(created.json()["id"])


def ask_at_once(url: str, path: str, *, meanwhile: Callable[[], object] = lambda: None) -> list[Any]:
    """All answers, each with status 200."""
    with crowd(url, path, CLIENTS) as clients:
        meanwhile()
        return clients.answers()


def facts_of(customer_id: str) -> str:
    return f"/api/ai/customers/{customer_id}/intelligence"


def told(answers: list[Any], field: str) -> set[Any]:
    return {answer["provenance"][field] for answer in answers}


def test_200_clients_of_one_cold_customer_are_one_call_over_both_processes(
    start: StartProcesses, simulator: QuimbiSimulator, redis_url: str
) -> None:
    url = start(redis_url)
    new_ticket(url, "cust_123")
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=UPSTREAM_TAKES_S)
    answers = ask_at_once(url, facts_of("cust_123"))
    assert simulator.calls("analyze", customer_id="cust_123") == 1
    assert (told(answers, "provider"), told(answers, "degraded")) == ({"quimbi"}, {False})
    assert len({answer["predictions"]["churn_risk"] for answer in answers}) == 1


def test_200_clients_of_one_text_are_one_generation_over_both_processes(
    start: StartProcesses, simulator: QuimbiSimulator, redis_url: str
) -> None:
    url = start(redis_url)
    ticket = new_ticket(url, "cust_123")
    simulator.inject(Fault.LATENCY, endpoint="message", seconds=UPSTREAM_TAKES_S)
    answers = ask_at_once(url, f"/api/ai/tickets/{ticket}/draft-response")
    assert len({answer["draft_id"] for answer in answers}) == 1
    assert (simulator.calls("analyze", customer_id="cust_123"), simulator.calls("message")) == (1, 1)


def test_without_redis_it_is_one_call_in_each_process(
    start: StartProcesses, simulator: QuimbiSimulator
) -> None:
    url = start()
    new_ticket(url, "cust_123")
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=UPSTREAM_TAKES_S)
    answers = ask_at_once(url, facts_of("cust_123"))
    assert simulator.calls("analyze", customer_id="cust_123") == 2
    assert told(answers, "degraded") == {False}


@pytest.mark.parametrize("fault", [Redis.kill, Redis.freeze], ids=["killed", "frozen"])
def test_redis_lost_while_they_wait_costs_a_second_call_and_no_answer(
    start: StartProcesses, simulator: QuimbiSimulator, own_redis: Redis, fault: Callable[[Redis], None]
) -> None:
    url = start(own_redis.url)
    new_ticket(url, "cust_123")
    simulator.inject(Fault.LATENCY, endpoint="analyze", seconds=UPSTREAM_TAKES_S)

    def lose_redis() -> None:
        time.sleep(0.4)
        fault(own_redis)

    answers = ask_at_once(url, facts_of("cust_123"), meanwhile=lose_redis)
    assert 1 <= simulator.calls("analyze", customer_id="cust_123") <= 2
    assert told(answers, "degraded") == {False}
