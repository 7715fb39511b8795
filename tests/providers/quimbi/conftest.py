from collections.abc import Callable, Iterator
from typing import Any

import pytest

from providers.deadline import Deadline
from providers.ports import ProviderHost
from providers.quimbi.provider import QuimbiProvider
from providers.testing.fakes import FakeClock, make_host
from providers.testing.quimbi_simulator import DEFAULT_API_KEY, QuimbiSimulator

Connect = Callable[..., QuimbiProvider]


@pytest.fixture(scope="session", params=["documented", "deployed"])
def running(request: pytest.FixtureRequest) -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect=request.param) as simulator:
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
def deployed(running_deployed: QuimbiSimulator) -> QuimbiSimulator:
    running_deployed.reset()
    return running_deployed


@pytest.fixture
def connect(clock: FakeClock) -> Iterator[Connect]:
    """`connect(simulator, QUIMBI_TIMEOUT="0.3")`: a provider for it, closed after the test."""
    opened: list[QuimbiProvider] = []

    def connecting(
        simulator: QuimbiSimulator, *, host: dict[str, Any] | None = None, **environment: str
    ) -> QuimbiProvider:
        variables = {"QUIMBI_BASE_URL": simulator.url, "QUIMBI_API_KEY": DEFAULT_API_KEY, **environment}
        made: ProviderHost = make_host(environment=variables, clock=clock, **(host or {}))
        opened.append(QuimbiProvider.from_host(made))
        return opened[-1]

    yield connecting
    for provider in opened:
        provider.close()


@pytest.fixture
def provider(simulator: QuimbiSimulator, connect: Connect) -> QuimbiProvider:
    return connect(simulator, QUIMBI_CURRENCY="EUR")


@pytest.fixture
def soon(clock: FakeClock) -> Deadline:
    return Deadline.after(5, clock)
