import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from providers.testing.quimbi_simulator import QuimbiSimulator
from tests.wire.desk import Desk, running_desk

SIMULATOR_KEY = "qpk_live_simulator_0123456789"

StartDesk = Callable[..., Desk]


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}"


@pytest.fixture
def start_desk(sqlite_url: str, tmp_path: Path) -> Iterator[StartDesk]:
    """Starts desks that end with the test: on SQLite and the stub, unless told otherwise."""
    with ExitStack() as stack:

        def start(substitutes: Any = None, *, timed_work: bool = False, **environment: str) -> Desk:
            defaults = {"DATABASE_URL": sqlite_url, "LOG_FILE": str(tmp_path / "app.log")}
            running: AbstractContextManager[Desk] = running_desk(
                defaults | environment, substitutes, timed_work=timed_work
            )
            return stack.enter_context(running)

        yield start


@pytest.fixture
def desk(start_desk: StartDesk) -> Desk:
    return start_desk()


@pytest.fixture(params=["documented", "deployed"])
def quimbi(request: pytest.FixtureRequest) -> Iterator[QuimbiSimulator]:
    with QuimbiSimulator(dialect=request.param, api_key=SIMULATOR_KEY) as simulator:
        yield simulator


def pointing_at(simulator: QuimbiSimulator) -> dict[str, str]:
    """The environment of a desk whose Quimbi is this simulator, with deadlines short enough for tests."""
    return {
        "INTELLIGENCE_PROVIDERS": "quimbi,fallback",
        "QUIMBI_BASE_URL": simulator.url,
        "QUIMBI_API_KEY": SIMULATOR_KEY,
        "QUIMBI_MAX_RETRIES": "0",
        "QUIMBI_RATE_PER_MINUTE": "100000",
        "QUIMBI_RATE_PER_HOUR": "100000",
        "FACTS_DEADLINE": "1",
        "TEXTS_DEADLINE": "2",
        "TEXTS_FACTS_WAIT": "0.7",
    }
