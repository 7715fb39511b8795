import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from providers.testing.quimbi_simulator import DEFAULT_API_KEY, QuimbiSimulator
from tests.providers.testing.calls import PATHS, Ask, full_body


@pytest.fixture(scope="session", params=["documented", "deployed"])
def running(request: pytest.FixtureRequest) -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect=request.param) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def running_documented() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect="documented") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def running_deployed() -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect="deployed") as simulator:
        yield simulator


def like_new(simulator: QuimbiSimulator) -> QuimbiSimulator:
    """A call that the test before gave up is in flight until the simulator notices."""
    simulator.reset()
    until = time.monotonic() + 10
    while simulator.in_flight:
        assert time.monotonic() < until
        time.sleep(0.005)
    simulator.reset()
    return simulator


@pytest.fixture
def simulator(running: QuimbiSimulator) -> QuimbiSimulator:
    """In each dialect in turn."""
    return like_new(running)


@pytest.fixture
def documented(running_documented: QuimbiSimulator) -> QuimbiSimulator:
    return like_new(running_documented)


@pytest.fixture
def deployed(running_deployed: QuimbiSimulator) -> QuimbiSimulator:
    return like_new(running_deployed)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["X-API-Key"] = DEFAULT_API_KEY
        yield session


@pytest.fixture
def ask(session: requests.Session) -> Ask:
    """`ask(simulator, "churn", "7003", field=value)`: a call with a body that is good in both dialects."""

    def post(
        simulator: QuimbiSimulator,
        endpoint: str,
        customer_id: Any = "7003",
        *,
        timeout: float = 5,
        **extra: Any,
    ) -> requests.Response:
        url, body = simulator.url + PATHS[endpoint], full_body(customer_id) | extra
        return session.post(url, json=body, timeout=timeout, allow_redirects=False)

    return post
