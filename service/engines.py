"""Database URLs as operators have them, and engines as the service needs them."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, Engine, StaticPool, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from providers.codec import encode

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_THREADS = 24
POOL_RESERVE = 8
"""Connections beside the request threads': timed work, refreshes, the health probe."""
POOL_TIMEOUT_S = 2.0
PING_AFTER_IDLE_S = 1.0
CONNECT_TIMEOUT_S = 3
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 30_000
SQLITE_BUSY_TIMEOUT_S = 2.0

WRITING = "support_writing"
"""Execution option of connections whose transactions take SQLite's write lock when they begin."""

_POSTGRES_ARGUMENTS = {
    "application_name": "support-desk",
    "connect_timeout": CONNECT_TIMEOUT_S,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "options": " ".join(
        f"-c {name}={value}"
        for name, value in {
            "statement_timeout": STATEMENT_TIMEOUT_MS,
            "lock_timeout": LOCK_TIMEOUT_MS,
            "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
            "timezone": "UTC",
        }.items()
    ),
}


def normalise_url(url: str) -> str:
    """What operators write, as the URL for our driver; a SQLite path is relative to the repository.

    Raises `ValueError` for anything but PostgreSQL and SQLite. The password stays in it: never log it.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("not a database URL") from None
    backend = parsed.drivername.partition("+")[0]
    if backend in {"postgres", "postgresql"}:
        return _for_psycopg(parsed).render_as_string(hide_password=False)
    if backend == "sqlite":
        return _absolute(parsed).render_as_string(hide_password=False)
    raise ValueError("only postgresql:// and sqlite:/// are understood")


def _for_psycopg(url: URL) -> URL:
    query = {
        "sslmode" if name == "ssl" else name: value for name, value in url.query.items()
    }  # asyncpg's name
    return url.set(drivername="postgresql+psycopg", query=query)


def _absolute(url: URL) -> URL:
    if _is_in_memory(url):
        return url.set(drivername="sqlite")
    return url.set(drivername="sqlite", database=str(ROOT / str(url.database)))


def _is_in_memory(url: URL) -> bool:
    return not url.database or url.database == ":memory:"


def engine_options(url: str, *, threads: int = DEFAULT_THREADS) -> dict[str, Any]:
    """Arguments of `create_engine` for a normalised URL and as many threads as serve requests."""
    parsed = make_url(url)
    options: dict[str, Any] = {
        "hide_parameters": True,
        "json_serializer": lambda value: encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
    if parsed.get_backend_name() == "postgresql":
        arguments = {name: value for name, value in _POSTGRES_ARGUMENTS.items() if name not in parsed.query}
        return options | _pool(threads) | {"connect_args": arguments}
    arguments = {"timeout": SQLITE_BUSY_TIMEOUT_S, "isolation_level": None, "check_same_thread": False}
    pool = {"poolclass": StaticPool} if _is_in_memory(parsed) else _pool(threads)
    return options | pool | {"connect_args": arguments}


def _pool(threads: int) -> dict[str, Any]:
    return {"pool_size": threads, "max_overflow": POOL_RESERVE, "pool_timeout": POOL_TIMEOUT_S}


def configure_engine(engine: Engine, *, ping_after_idle_s: float = PING_AFTER_IDLE_S) -> None:
    """Make its connections what the service relies on; harmless when done before."""
    if engine.dialect.name == "sqlite":
        _configure_sqlite(engine)
    elif not event.contains(engine, "checkin", _remember_use):
        event.listen(engine, "checkin", _remember_use)
        event.listen(engine, "checkout", _ping_after_idle(engine, ping_after_idle_s))


def _remember_use(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["used_at_s"] = time.monotonic()


def _ping_after_idle(engine: Engine, idle_s: float) -> Callable[..., None]:
    """SQLAlchemy's own ping comes before every use, and was a third of the time of a short read."""

    def ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        used_at_s = record.info.get("used_at_s")
        if used_at_s is None or time.monotonic() - used_at_s < idle_s:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection died while idle") from error

    return ping


def _configure_sqlite(engine: Engine) -> None:
    if event.contains(engine, "connect", _prepare_sqlite):
        return
    if not _is_in_memory(engine.url):
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
    if journal == "delete":
        connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is erased is not left in free pages


def _begin_sqlite(connection: Connection) -> None:
    # The driver's own BEGIN takes the write lock late, and two writers then lose each other's changes.
    writing = connection.get_execution_options().get(WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
