"""What an erasure leaves in the file of SQLite: words in the index of texts, and pages in the log of writes.

No statement of the desk shows either. PostgreSQL's own vacuum does the same there.
"""

from collections.abc import Mapping
from contextlib import closing
from datetime import datetime

from sqlalchemy import Connection, func, select, text

from service.database import Database
from service.events import AUDITED, CUSTOMER_ERASED, StoredEvent

PAGES_AT_ONCE = 500
"""Of the index, in one short transaction."""

_MERGE = text("INSERT INTO search_words (search_words, rank) VALUES ('merge', :pages)")


class Scrubbing:
    """Work that grows with the desk, in slices that keep nobody waiting, once after erasures."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done_to: datetime | None = None

    def run(self) -> Mapping[str, int]:
        if self._database.engine.dialect.name != "sqlite":
            return {"scrubbed": 0}
        latest = self._latest_erasure()
        if latest is None or latest == self._done_to:
            return {"scrubbed": 0}
        self._merge_words()
        if not self._empty_log():
            return {"scrubbed": 0}  # somebody is reading from it: the next run tries again
        self._done_to = latest
        return {"scrubbed": 1}

    def _latest_erasure(self) -> datetime | None:
        statement = select(func.max(StoredEvent.at)).where(AUDITED, StoredEvent.type == CUSTOMER_ERASED.name)
        with self._database.reading() as session:
            return session.scalar(statement)

    def _merge_words(self) -> None:
        """Into one segment: a word that stands in no text any more is in none that is left."""
        pages = -PAGES_AT_ONCE
        while self._merged(pages):
            pages = PAGES_AT_ONCE

    def _merged(self, pages: int) -> bool:
        """Whether there was anything left to merge, as FTS5 documents how to tell."""
        with self._database.writing() as session:
            connection = session.connection()
            before = _changes(connection)
            connection.execute(_MERGE, {"pages": pages})
            return _changes(connection) - before >= 2

    def _empty_log(self) -> bool:
        with closing(self._database.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
        return row is not None and not row[0]


def _changes(connection: Connection) -> int:
    return int(connection.scalar(text("SELECT total_changes()")) or 0)
