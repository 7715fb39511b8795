import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests

from providers.testing.quimbi_simulator import DEFAULT_API_KEY, Fault, QuimbiSimulator
from tests.providers.testing.calls import PATHS, Ask, full_body


def test_calls_are_counted_per_endpoint_and_customer(simulator: QuimbiSimulator, ask: Ask) -> None:
    for endpoint, customer_id in (("analyze", "7003"), ("analyze", "7004"), ("churn", "7003")):
        ask(simulator, endpoint, customer_id)
    assert (simulator.calls(), simulator.calls("analyze")) == (3, 2)
    assert simulator.calls("analyze", customer_id="7003") == 1
    assert simulator.calls(customer_id="7003") == 2


def test_refused_and_faulty_calls_count_too(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.UNAUTHORIZED, times=1)
    ask(simulator, "ltv")
    ask(simulator, "ltv", 7003)
    assert simulator.calls("ltv") == 2


def test_requests_are_recorded_with_body_and_headers(simulator: QuimbiSimulator, ask: Ask) -> None:
    ask(simulator, "message", "7003", tone="warm")
    ask(simulator, "message", "7004")
    first, latest = simulator.requests("message")
    assert first.body["tone"] == "warm"
    assert first.headers["x-api-key"] == DEFAULT_API_KEY
    assert latest.customer_id == "7004"
    assert simulator.requests("churn") == []


def test_a_reset_forgets_calls_and_faults(simulator: QuimbiSimulator, ask: Ask) -> None:
    simulator.inject(Fault.FORBIDDEN)
    ask(simulator, "churn")
    simulator.reset()
    assert (simulator.calls(), simulator.requests(), simulator.faults()) == (0, [], [])
    assert simulator.max_parallel == 0


def test_a_few_hundred_customers_are_listed_and_known(simulator: QuimbiSimulator) -> None:
    assert len(simulator.customer_ids) >= 300
    assert all(simulator.customer(customer_id) for customer_id in simulator.customer_ids)


def test_an_unknown_customer_has_no_profile(simulator: QuimbiSimulator) -> None:
    with pytest.raises(KeyError):
        simulator.customer("nobody")


def test_faults_are_switched_over_http(simulator: QuimbiSimulator, ask: Ask) -> None:
    faults_url = simulator.url + "/_simulator/faults"
    wanted = {"fault": "server_error", "endpoint": "churn", "times": 5, "parameters": {"shape": "detail"}}
    state = requests.post(faults_url, json=wanted, timeout=5)
    assert state.status_code == 201
    assert state.json()["faults"] == [
        {
            "fault": "server_error",
            "endpoint": "churn",
            "customer_id": None,
            "remaining": 5,
            "parameters": {"shape": "detail"},
        }
    ]
    assert ask(simulator, "churn").json() == {"detail": "Internal Server Error"}
    assert requests.delete(faults_url, timeout=5).json()["faults"] == []
    assert ask(simulator, "churn").status_code == 200


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        [],
        {"fault": "gremlins"},
        {"fault": "hang", "parameters": {"seconds": 3}},
        {"fault": "hang", "parameters": {"endpoint": "churn"}, "endpoint": "churn"},
        {"fault": "hang", "times": 0},
        {"fault": "hang", "surprise": True},
    ],
)
def test_a_fault_that_does_not_exist_is_refused_over_http(simulator: QuimbiSimulator, wanted: object) -> None:
    refusal = requests.post(simulator.url + "/_simulator/faults", json=wanted, timeout=5)
    assert refusal.status_code == 422
    assert simulator.faults() == []


def test_the_state_tells_dialect_calls_and_faults(simulator: QuimbiSimulator, ask: Ask) -> None:
    ask(simulator, "analyze", "7003")
    ask(simulator, "analyze", "7004")
    state = requests.get(simulator.url + "/_simulator", timeout=5).json()
    assert state["dialect"] == simulator.dialect
    assert (state["calls"]["total"], state["calls"]["analyze"], state["calls"]["ltv"]) == (2, 2, 0)
    assert (state["in_flight"], state["max_parallel"]) == (0, 1)
    about = requests.get(simulator.url + "/_simulator?customer_id=7004", timeout=5).json()
    assert about["calls"]["total"] == 1


def test_true_profiles_are_told_over_http(simulator: QuimbiSimulator) -> None:
    profile = requests.get(simulator.url + "/_simulator/customers/7001", timeout=5).json()
    assert (profile["lifetime_value"], profile["churn_risk"]) == (892.5, 0.18)
    assert requests.get(simulator.url + "/_simulator/customers/nobody", timeout=5).status_code == 404


def test_a_reset_over_http_forgets_the_calls(simulator: QuimbiSimulator, ask: Ask) -> None:
    ask(simulator, "churn")
    assert requests.post(simulator.url + "/_simulator/reset", timeout=5).json()["calls"]["total"] == 0


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "providers.testing.quimbi_simulator", "--port", "0"]
    options = ["--dialect", "documented", "--api-key", "qpk_test_other", "--customers", "1"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


def test_it_serves_as_a_process_of_its_own_until_told_to_end(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]

    def status(customer_id: str, key: str) -> int:
        headers, body = {"X-API-Key": key}, full_body(customer_id)
        return requests.post(url + PATHS["analyze"], json=body, headers=headers, timeout=5).status_code

    assert status("7003", "qpk_test_other") == 200
    assert status("7004", "qpk_test_other") == 404
    assert status("7003", DEFAULT_API_KEY) == 401
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(timeout=5) == 0


def test_help_names_every_fault() -> None:
    command = [sys.executable, "-m", "providers.testing.quimbi_simulator", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert all(fault.value in text for fault in Fault)
