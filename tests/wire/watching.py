"""What a running desk does for a request: the statements it sends to its database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from service.database import Database
from tests.wire.desk import Desk


@contextmanager
def statements(desk: Desk) -> Iterator[list[str]]:
    """Those that are sent in the block, by whichever thread."""
    engine = desk.component(Database).engine
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)
