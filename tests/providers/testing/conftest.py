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


@pytest.fixture
def simulator(running: QuimbiSimulator) -> QuimbiSimulator:
    """In each dialect in turn."""
    running.reset()
    return running


@pytest.fixture
def documented(running_documented: QuimbiSimulator) -> QuimbiSimulator:
    running_documented.reset()
    return running_documented


@pytest.fixture
def deployed(running_deployed: QuimbiSimulator) -> QuimbiSimulator:
    running_deployed.reset()
    return running_deployed


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
