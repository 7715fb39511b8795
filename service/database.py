"""The one way to the database: short transactions, no framework needed, one error when it is not there."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, sessionmaker

from service import migrating
from service.columns import Base
from service.engines import (
    SQLITE_BUSY_TIMEOUT_S,
    WRITING,
    configure_engine,
    engine_options,
    normalise_url,
)
from service.writes import WritingSession

__all__ = [
    "Database",
    "DatabaseUnavailable",
    "Together",
    "after_commit",
    "concerns",
    "db",
    "engine_options",
    "normalise_url",
    "upgrade",
]

_SQLITE_OUTAGES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)

# Gives engine, configuration and migrations to Flask's world; the application itself uses `Database`.
db = SQLAlchemy(model_class=Base, disable_autonaming=True)


_AFTER_COMMIT = "support_after_commit"
_CONCERNS = "support_concerns"
UNDEFINED_TABLE = "42P01"
READ_ONLY = "25006"
"""PostgreSQL's state of a server that a failover left as a standby."""


class DatabaseUnavailable(Exception):
    """Gone, locked, or too slow to answer in time; the same request may succeed later."""


class Together:
    """One transaction of several blocks, begun by the first that writes."""

    def __init__(self) -> None:
        self.session: WritingSession | None = None
        self.stack = ExitStack()
        self._depth = 0

    @contextmanager
    def block(self, session: Session) -> Iterator[None]:
        """Its rows leave the session with it, as they do elsewhere: the next one reads them anew."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                session.expunge_all()

    @property
    def customer_id(self) -> str | None:
        """Whom it is about, where that is one customer alone; also told once it has ended."""
        told: set[str] = self.session.info.get(_CONCERNS, set()) if self.session else set()
        return next(iter(told)) if len(told) == 1 else None


class _Turns:
    """SQLite has one writer at a time, and whoever waits for it looks again only now and then.

    The threads of a process wait here instead, so that a crowd of them keeps nobody waiting too long. Of 40
    that write for 5 ms each, again and again, 76 gave up after 2 s without it, and none with it; of a hundred
    the slowest took 1.8 s and 1.0; over HTTP with 40 clients 549 ms and 168 (docs/adr/0080).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=SQLITE_BUSY_TIMEOUT_S):
            raise DatabaseUnavailable("others of this process have written for too long")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _Present(threading.local):
    together: Together | None = None


class Database:
    """`DatabaseUnavailable` is the only error of the database itself that leaves a session block."""

    def __init__(self, engine: Engine) -> None:
        configure_engine(engine)
        self.engine = engine
        self._read = sessionmaker(_for_reading(engine), expire_on_commit=False, autoflush=False)
        self._write = sessionmaker(
            engine.execution_options(**{WRITING: True}), class_=WritingSession, expire_on_commit=False
        )
        self._at_head = False
        self._present = _Present()
        self._turn: AbstractContextManager[None] = (
            _Turns() if engine.dialect.name == "sqlite" else nullcontext()
        )
        event.listen(self._read, "before_flush", _refuse_to_write)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        together = self._present.together
        if together is not None and together.session is not None:
            with _outages_translated(), together.block(together.session):
                yield together.session  # any other would not see what was written so far
            return
        with _outages_translated(), self._read() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back on any error. In `together` it is a part."""
        together = self._present.together
        if together is not None:
            with _outages_translated(), self._part_of(together) as session:
                yield session
            return
        with _outages_translated(), self._transaction() as session:
            yield session
        _have_effects(session)

    @contextmanager
    def together(self) -> Iterator[Together]:
        """What this thread writes in the block is one transaction, and a `writing()` in it a savepoint.

        It begins with the first of them; any error undoes them all.
        """
        together = self._present.together = Together()
        try:
            with _outages_translated(), together.stack:
                yield together
        finally:
            self._present.together = None
        if together.session is not None:
            _have_effects(together.session)

    @contextmanager
    def _transaction(self) -> Iterator[WritingSession]:
        with self._turn, self._write.begin() as session:
            yield session
            session.finish()

    @contextmanager
    def _part_of(self, together: Together) -> Iterator[Session]:
        if together.session is None:
            together.session = together.stack.enter_context(self._transaction())
        effects = together.session.info.setdefault(_AFTER_COMMIT, [])
        before = len(effects)
        try:
            with together.block(together.session), together.session.begin_nested():
                yield together.session
                together.session.finish()
        except BaseException:
            del effects[before:]
            together.session.drop()
            raise

    def before_flush(self, complete: Callable[[Session], None]) -> None:
        """`complete` sees each session that writes just before its changes are, for what is made of them."""
        event.listen(self._write, "before_flush", lambda session, *_: complete(session))

    def check(self) -> None:
        """Make one round trip. Raises `DatabaseUnavailable`."""
        touch = "PRAGMA schema_version" if self.engine.dialect.name == "sqlite" else "SELECT 1"
        with self.reading() as session:
            session.execute(text(touch))

    def at_head(self) -> bool:
        """Whether every migration has been made; asked of the database until it is true once."""
        if not self._at_head:
            with self.reading() as session:
                self._at_head = migrating.is_at_head(session.connection())
        return self._at_head

    def close(self) -> None:
        self.engine.dispose()


def after_commit(session: Session, effect: Callable[[], None]) -> None:
    """For what is no part of the transaction and must not come before it, nor without it."""
    session.info.setdefault(_AFTER_COMMIT, []).append(effect)


def concerns(session: Session, customer_id: str) -> None:
    """Whom the transaction is about, so that what is kept of its answer is found when they are erased."""
    session.info.setdefault(_CONCERNS, set()).add(customer_id)


def _have_effects(session: Session) -> None:
    for effect in session.info.get(_AFTER_COMMIT, ()):
        effect()


def _for_reading(engine: Engine) -> Engine:
    """On PostgreSQL each statement by itself: as consistent as READ COMMITTED, two round trips less."""
    return (
        engine.execution_options(isolation_level="AUTOCOMMIT")
        if engine.dialect.name == "postgresql"
        else engine
    )


def _refuse_to_write(_session: Session, _context: object, _instances: object) -> None:
    raise RuntimeError("changes were made in reading(); use writing()")


def upgrade(engine: Engine) -> None:
    """Bring the schema to the newest version; several processes may do so at once."""
    configure_engine(engine)
    with _outages_translated():
        migrating.upgrade(engine)


@contextmanager
def _outages_translated() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable("no connection became free in time") from error
    except DBAPIError as error:
        if _lacks_tables(error):
            raise DatabaseUnavailable("the database lacks migrations") from error
        if not _is_outage(error):
            raise
        raise DatabaseUnavailable("the database is gone, locked or too slow") from error


def _lacks_tables(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.Error):
        return str(error.orig).startswith("no such table")
    return getattr(error.orig, "sqlstate", None) == UNDEFINED_TABLE


def _is_outage(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    if isinstance(error.orig, sqlite3.Error):  # there an unknown column is an "operational" error, too
        code = getattr(error.orig, "sqlite_errorcode", None)
        return code is not None and code & 0xFF in _SQLITE_OUTAGES
    return isinstance(error, OperationalError) or getattr(error.orig, "sqlstate", None) == READ_ONLY
