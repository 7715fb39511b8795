import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import structlog
from hypothesis import settings
from sqlalchemy import create_engine

from providers.testing.fakes import FakeClock
from service.database import Database, engine_options, normalise_url
from service.models import metadata
from service.testing.desk import migrate
from tests.servers import Postgres, Redis, ServerMissing, postgres_server, redis_server

pytest_plugins = ["service.testing.fixtures"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="large counts, which are printed")


LARGE_TABLE = 2**18
"""In bytes."""

SAID = pytest.StashKey[list[str]]()

# A seeded sample where every run has to be like the last; many more, and others each time, with --full.
settings.register_profile("quick", derandomize=True, deadline=None)
settings.register_profile("full", max_examples=2_000, deadline=None, print_blob=True)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SAID] = []
    large = bool(config.getoption("--full"))
    settings.load_profile("full" if large else "quick")
    if large:
        config.stash[SAID].append(f"examples per property: {settings().max_examples:,}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--full"):
        terminalreporter.section("large counts")
        for line in config.stash[SAID]:
            terminalreporter.line(line)


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints a count at the end of a run with --full."""
    return request.config.stash[SAID].append


@pytest.fixture(scope="session")
def full(request: pytest.FixtureRequest) -> bool:
    """Whether this is the run with the large counts."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def plain_logging() -> Iterator[None]:
    """A desk that another test started has configured the log of the whole process."""
    configuration = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**configuration)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    try:
        with postgres_server(autovacuum=False) as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def postgres_url(migrated_postgres: str) -> Iterator[str]:
    """An empty database with the newest schema, as operators write it."""
    yield migrated_postgres
    empty_all_tables(migrated_postgres)


@pytest.fixture
def postgres_database(postgres: Postgres) -> Iterator[str]:
    """The URL of a database without a schema, of the test's own."""
    with postgres.new_database() as url:
        yield url


@pytest.fixture(scope="session")
def mortal_postgres() -> Iterator[Postgres]:
    try:
        with postgres_server() as server:
            yield server
    except ServerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def own_postgres(mortal_postgres: Postgres) -> Iterator[Postgres]:
    """A second server, which a test may stop and start."""
    yield mortal_postgres
    if mortal_postgres.process is None:
        mortal_postgres.start()


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


@pytest.fixture(scope="session")
def migrated_sqlite(migrated_support_database: Path) -> Path:
    """A file to copy: faster than migrating anew for each test."""
    return migrated_support_database


@pytest.fixture(scope="session")
def migrated_postgres(postgres: Postgres) -> Iterator[str]:
    """One for all tests, emptied after each: a database of its own costs a test half a second."""
    with postgres.new_database() as url:
        migrate(normalise_url(url))
        keep_what_migrations_made(url)
        yield url


@pytest.fixture(scope="module", autouse=True)
def collected_garbage() -> Iterator[None]:
    """What is left of a module goes, or is looked at no more.

    Late in the suite a whole collection would take seconds, in the middle of a request that a test times.
    """
    yield
    gc.collect()
    gc.freeze()


MADE_BY_MIGRATIONS = ("sla_calendars", "sla_policies", "notification_rules")
"""The tables of which an empty database has rows."""


def keep_what_migrations_made(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA made")
        connection.execute("; ".join(f"CREATE TABLE made.{t} AS TABLE {t}" for t in MADE_BY_MIGRATIONS))


def empty_all_tables(url: str) -> None:
    """As they were after the migrations.

    Tables without pages were never filled. A deletion leaves pages; a truncation, which costs more, does not.
    """
    tables = [table.name for table in metadata.sorted_tables]
    sizes = "SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname = ANY(%s)"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '5s'")
        connection.execute("SET session_replication_role = replica")  # or the audit's triggers refuse
        size_of = dict(connection.execute(sizes, [tables]).fetchall())
        small = [name for name, size in size_of.items() if 0 < size < LARGE_TABLE]
        large = [name for name, size in size_of.items() if size >= LARGE_TABLE]
        connection.execute("; ".join(f"DELETE FROM {name}" for name in small))
        if large:
            connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        connection.execute("; ".join(f"INSERT INTO {t} TABLE made.{t}" for t in MADE_BY_MIGRATIONS))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Who asks for this, or for a database, runs once on each."""
    return str(request.param)


@pytest.fixture
def database_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database without a schema, as a normalised URL."""
    if engine_name == "sqlite":
        return normalise_url(f"sqlite:///{tmp_path}/desk.db")
    return normalise_url(request.getfixturevalue("postgres_database"))


@pytest.fixture
def migrated_url(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Empty, with the newest schema, as a normalised URL. Who changes the schema takes `database_url`."""
    if engine_name == "sqlite":
        copy = shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "desk.db")
        yield normalise_url(f"sqlite:///{copy}")
    else:
        url = request.getfixturevalue("migrated_postgres")
        yield normalise_url(url)
        empty_all_tables(url)


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
    return open_database(database_url)


@pytest.fixture
def database(migrated_url: str, open_database: Callable[[str], Database]) -> Database:
    """Empty, with the newest schema, on SQLite and on PostgreSQL."""
    return open_database(migrated_url)
