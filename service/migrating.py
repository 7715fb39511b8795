"""The schema's versions, in `migrations/`: where they are, and moving between them one process at a time."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from service.engines import WRITING

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
ENGINE_ATTRIBUTE = "engine"

_LOCK_KEY = 0x6465736B
"""Of PostgreSQL's advisory locks: "desk" in ASCII."""
_SQLITE_WAIT_MS = 60_000


def is_told_by_models(name: str | None, _kind: str, _parents: Mapping[str, str | None]) -> bool:
    """False for what only one of the databases has, and only the migrations make: the indexes of words."""
    return not (name or "").startswith(("search_words", "ix_search_texts_document"))


def upgrade(engine: Engine, revision: str = "head") -> None:
    command.upgrade(_configuration(engine), revision)


def downgrade(engine: Engine, revision: str) -> None:
    command.downgrade(_configuration(engine), revision)


def _configuration(engine: Engine) -> Config:
    config = Config(MIGRATIONS / "alembic.ini")
    config.attributes[ENGINE_ATTRIBUTE] = engine
    return config


def is_at_head(connection: Connection) -> bool:
    wanted = ScriptDirectory(str(MIGRATIONS)).get_heads()
    return set(MigrationContext.configure(connection).get_current_heads()) == set(wanted)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A connection in a transaction that no other migration of this database can overlap."""
    with engine.execution_options(**{WRITING: True}).connect() as connection:
        if connection.dialect.name == "sqlite":
            with _sqlite_alone(connection):
                yield connection
        else:
            with connection.begin():
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
                yield connection


@contextmanager
def _sqlite_alone(connection: Connection) -> Iterator[None]:
    driver = cast("sqlite3.Connection", connection.connection.dbapi_connection)
    (wait_ms,) = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute(f"PRAGMA busy_timeout = {_SQLITE_WAIT_MS}")
    driver.execute("PRAGMA foreign_keys = OFF")  # a table made anew must not cascade; dead in a transaction
    try:
        with connection.begin():
            yield
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
            if broken:
                raise RuntimeError(f"the migration leaves {len(broken)} rows that refer to nothing")
    finally:
        driver.execute("PRAGMA foreign_keys = ON")
        driver.execute(f"PRAGMA busy_timeout = {int(wait_ms)}")
