"""A list of a team with few tickets reads no more where others have more of theirs."""

import json
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, insert, text

from providers.testing.fakes import FakeClock
from service.agents.services import AgentDirectory
from service.http.pagination import Page
from service.text_index import TextIndex
from service.tickets.filters import TicketFilter
from service.tickets.models import Ticket, TicketCounter
from service.tickets.scoring import Weights
from service.tickets.services import InboxPage, InboxService, Sight, Wanted
from tests.service.persistence.rows import NOON, agent, customer, team, team_member

FEW, MANY, MORE = 6, 2_000, 4_000
GROWS_BY_AT_MOST = 1.5
STATUSES = ("open", "pending", "resolved", "closed")


def tickets(ada, count, *, start, owner, rank):
    for number in range(start, start + count):
        at = NOON - timedelta(minutes=number)
        yield {
            "id": f"t{number}",
            "customer_id": ada.id,
            "subject": "s",
            "status": STATUSES[number % 4],
            "priority": "normal",
            "channel": "email",
            "owned_by": owner,
            "team_id": owner,
            "custom_fields": {},
            "inbox_rank": rank + number / 2**20,
            "created_at": at,
            "updated_at": at,
        }


class ReadOnSqlite:
    """Steps of its machine, in hundreds."""

    @contextmanager
    def counting(self, database):
        self.read = 0

        def step():
            self.read += 1

        def watch(connection, *_):
            connection.connection.driver_connection.set_progress_handler(step, 100)

        event.listen(database.engine, "begin", watch)
        event.listen(database.engine, "before_cursor_execute", watch)
        try:
            yield self
        finally:
            event.remove(database.engine, "begin", watch)
            event.remove(database.engine, "before_cursor_execute", watch)


class ReadOnPostgresql:
    """Pages of tables and indexes, of each statement explained."""

    @contextmanager
    def counting(self, database):
        sent = []

        def note(_connection, _cursor, statement, parameters, *_):
            if statement.lstrip().startswith(("SELECT", "WITH")):
                sent.append((statement, parameters))

        event.listen(database.engine, "before_cursor_execute", note)
        try:
            yield self
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
        with database.engine.connect() as connection:
            self.read = sum(self._pages(connection, *call) for call in sent)

    def _pages(self, connection, statement, parameters):
        told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", parameters)
        plan = told.scalar_one()
        (top,) = json.loads(plan) if isinstance(plan, str) else plan
        return top["Plan"]["Shared Hit Blocks"] + top["Plan"]["Shared Read Blocks"]


@pytest.fixture
def staffed(database):
    """Kim's team has few tickets, which are the oldest and stand last; another has all the others."""
    kim, few, many, ada = agent(), team(), team(), customer()
    with database.writing() as session:
        session.add_all([kim, few, many, ada])
        session.flush()
        session.add(team_member(few, kim))
        fill(session, tickets(ada, FEW, start=0, owner=few.id, rank=-9.0))
        fill(session, tickets(ada, MANY, start=FEW, owner=many.id, rank=0.0))
        session.add_all(TicketCounter(status=status, shard=0, tickets=MANY) for status in STATUSES)

    def grow():
        with database.writing() as session:
            fill(session, tickets(ada, MORE, start=FEW + MANY, owner=many.id, rank=5.0))

    return Sight(kim.id, frozenset({few.id})), grow


def fill(session, rows):
    session.execute(insert(Ticket.__table__), list(rows))


def test_the_tickets_of_others_cost_a_team_nothing(database, engine_name, staffed):
    sight, grow = staffed
    clock = FakeClock(NOON)
    directory = AgentDirectory(database, clock)
    inbox = InboxService(database, TextIndex(engine_name), Weights(), clock, directory)

    def looks():
        for status in (None, "open"):
            wanted = Wanted(filter=TicketFilter(status=status), sight=sight)
            few = FEW if status is None else len(range(0, FEW, 4))
            yield few, lambda wanted=wanted: inbox.by_score(wanted, InboxPage())
            for column in ("created_at", "updated_at"):
                for ascending in (False, True):
                    yield (
                        few,
                        lambda wanted=wanted, column=column, ascending=ascending: inbox.by_time(
                            wanted, Page(), column=column, ascending=ascending
                        ),
                    )

    def costs():
        if engine_name == "postgresql":
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE tickets"))
        for few, look in looks():
            look()
            counter = {"sqlite": ReadOnSqlite, "postgresql": ReadOnPostgresql}[engine_name]()
            with counter.counting(database):
                listing = look().listing
            assert (len(listing.rows), listing.pagination.total) == (few, few)
            yield counter.read

    before = list(costs())
    grow()
    after = list(costs())
    grown = [now / max(then, 1) for then, now in zip(before, after, strict=True)]
    assert max(grown) <= GROWS_BY_AT_MOST, (before, after)
