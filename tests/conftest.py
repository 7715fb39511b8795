from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from providers.testing.fakes import FakeClock
from service.database import Database, engine_options, normalise_url, upgrade
from tests.servers import Postgres, Redis, ServerMissing, postgres_server, redis_server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="large counts, which are printed")


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether this is the run with the large counts."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """One database for the whole run; who changes what others read takes `postgres_database`."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """For who stops it; costs most of a second."""
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[Redis]:
    try:
        with redis_server() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def redis_url(shared_redis: Redis) -> str:
    """An empty Redis. It is shared: whoever kills or freezes one takes `own_redis`."""
    import redis  # noqa: PLC0415  # only where a test asks for it

    with redis.Redis.from_url(shared_redis.url) as client:
        client.flushall()
    return shared_redis.url


@pytest.fixture
def own_redis() -> Iterator[Redis]:
    try:
        with redis_server() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database on each engine in turn, as a normalised URL."""
    if request.param == "sqlite":
        return normalise_url(f"sqlite:///{tmp_path}/desk.db")
    return normalise_url(request.getfixturevalue("postgres_database"))


@pytest.fixture
def open_database() -> Iterator[Callable[[str], Database]]:
    """Opens databases by URL and closes them after the test."""
    opened: list[Database] = []

    def opening(url: str) -> Database:
        opened.append(Database(create_engine(url, **engine_options(url))))
        return opened[-1]

    yield opening
    for database in opened:
        database.close()


@pytest.fixture
def empty_database(database_url: str, open_database: Callable[[str], Database]) -> Database:
    """Without a schema."""
    return open_database(database_url)


@pytest.fixture
def database(empty_database: Database) -> Database:
    """With the newest schema, on SQLite and on PostgreSQL."""
    upgrade(empty_database.engine)
    return empty_database
