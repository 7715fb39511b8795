from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from providers.testing.fakes import FakeClock
from service.customers.services import CustomerService, OrderService
from service.database import Database
from service.events import EventLog
from service.text_index import TextIndex

Statements = Callable[[], "contextmanager[list[str]]"]


@pytest.fixture
def events() -> EventLog:
    return EventLog()


@pytest.fixture
def customers(database: Database, events: EventLog, clock: FakeClock) -> CustomerService:
    return CustomerService(database, events, clock, TextIndex(database.engine.dialect.name))


@pytest.fixture
def orders(
    database: Database, customers: CustomerService, events: EventLog, clock: FakeClock
) -> OrderService:
    return OrderService(database, customers, events, clock)


@pytest.fixture
def statements(database: Database) -> Callable[[], Iterator[list[str]]]:
    """A block that counts what is sent to the database in it."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(database.engine, "before_cursor_execute", note)

    return counting
