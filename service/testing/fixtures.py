"""Pytest fixtures of a running desk: `pytest_plugins = ["service.testing.fixtures"]` in a root conftest."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from service.database import normalise_url
from service.testing.desk import SupportDesk, desk_with_stub, migrate

StartSupportDesk = Callable[..., SupportDesk]


@pytest.fixture(scope="session")
def migrated_support_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file to copy: faster than migrating anew for each test."""
    path = tmp_path_factory.mktemp("support-desk") / "migrated.db"
    migrate(normalise_url(f"sqlite:///{path}"))
    return path


@pytest.fixture
def support_desk_environment() -> Mapping[str, str]:
    """Override it with settings of yours, such as `{"FACTS_DEADLINE": "0.5"}`."""
    return {}


@pytest.fixture
def start_support_desk(
    migrated_support_database: Path,
    support_desk_environment: Mapping[str, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartSupportDesk]:
    """Starts desks that end with the test, each on an empty database; settings as keyword arguments."""
    with ExitStack() as stack:

        def start(**environment: str) -> SupportDesk:
            directory = tmp_path_factory.mktemp("support-desk")
            database = shutil.copy(migrated_support_database, directory / "desk.db")
            defaults = {"DATABASE_URL": f"sqlite:///{database}", "LOG_FILE": str(directory / "app.log")}
            settings = defaults | dict(support_desk_environment) | environment
            return stack.enter_context(desk_with_stub(settings))

        yield start


@pytest.fixture
def support_desk(start_support_desk: StartSupportDesk) -> SupportDesk:
    """A desk that runs on `http://127.0.0.1`, on an empty database, with a stub that the test scripts."""
    return start_support_desk()
