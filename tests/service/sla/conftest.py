from contextlib import contextmanager

import pytest
from sqlalchemy import event


@pytest.fixture
def statements(database):
    """A block that tells what is sent to the database in it."""

    @contextmanager
    def telling():
        seen = []

        def note(_connection, _cursor, statement, *_):
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return telling
