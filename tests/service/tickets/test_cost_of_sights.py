"""A list of a team with few tickets reads no more where others have more of theirs."""

import json
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

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


def tickets(ada, count, *, start, owner, rank, assignee=None):
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
            "assigned_to": assignee,
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


class Staffed:
    """Kim's team has few tickets, which are the oldest and stand last; another has all the others."""

    def __init__(self, database):
        self.database = database
        kim, few, many, self.ada = agent(), team(), team(), customer()
        with database.writing() as session:
            session.add_all([kim, few, many, self.ada])
            session.flush()
            session.add(team_member(few, kim))
            session.add_all(TicketCounter(status=status, shard=0, tickets=MANY) for status in STATUSES)
        self.kim, self.few, self.many = kim.id, few.id, many.id
        self.sight = Sight(self.kim, frozenset({self.few}))
        self.fill(FEW, start=0, owner=self.few, rank=-9.0)
        self.fill(MANY, start=FEW, owner=self.many, rank=0.0)

    def fill(self, count, **values):
        with self.database.writing() as session:
            session.execute(insert(Ticket.__table__), list(tickets(self.ada, count, **values)))

    def others_get_more(self):
        self.fill(MORE, start=FEW + MANY, owner=self.many, rank=5.0)

    def kim_gets_many(self):
        self.fill(MANY, start=FEW + MANY + MORE, owner=self.few, rank=5.0, assignee=self.kim)


@pytest.fixture
def staffed(database):
    return Staffed(database)


class Looks:
    """`nobodys`: of the list of what nobody has."""

    def __init__(self, database, engine_name, sight, *, nobodys):
        self.database = database
        self.engine_name = engine_name
        self.sight = sight
        self.nobodys = nobodys
        clock = FakeClock(NOON)
        directory = AgentDirectory(database, clock)
        self.inbox = InboxService(database, TextIndex(engine_name), Weights(), clock, directory)

    def costs(self):
        if self.engine_name == "postgresql":
            with self.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE tickets"))
        return [self.cost(few, look) for few, look in self]

    def cost(self, few, look):
        look()
        counter = {"sqlite": ReadOnSqlite, "postgresql": ReadOnPostgresql}[self.engine_name]()
        with counter.counting(self.database):
            listing = look().listing
        assert (len(listing.rows), listing.pagination.total) == (few, few)
        return counter.read

    def __iter__(self):
        for status in (None, "open"):
            narrowed = TicketFilter(status=status, unassigned=self.nobodys, unsettled=self.nobodys)
            wanted = Wanted(filter=narrowed, sight=self.sight)
            shown = [status] if status else STATUSES[:2] if self.nobodys else STATUSES
            few = sum(STATUSES[number % 4] in shown for number in range(FEW))
            yield few, partial(self.inbox.by_score, wanted, InboxPage())
            for column in ("created_at", "updated_at"):
                for ascending in (False, True):
                    yield (
                        few,
                        partial(self.inbox.by_time, wanted, Page(), column=column, ascending=ascending),
                    )


@pytest.mark.parametrize("nobodys", [False, True], ids=["all", "unassigned"])
def test_the_tickets_of_others_cost_a_team_nothing(database, engine_name, staffed, nobodys):
    looks = Looks(database, engine_name, staffed.sight, nobodys=nobodys)
    before = looks.costs()
    staffed.others_get_more()
    assert grown(before, looks.costs()) <= GROWS_BY_AT_MOST


def test_what_a_team_has_costs_the_list_of_what_nobody_has_nothing(database, engine_name, staffed):
    looks = Looks(database, engine_name, staffed.sight, nobodys=True)
    before = looks.costs()
    staffed.kim_gets_many()
    assert grown(before, looks.costs()) <= GROWS_BY_AT_MOST


def grown(before, after):
    return max(now / max(then, 1) for then, now in zip(before, after, strict=True))
