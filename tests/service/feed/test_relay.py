"""Positions without gaps, whatever commits late, or never."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from service.database import Database
from service.events import StoredEvent
from service.feed.models import FeedEntry, FeedGap
from service.feed.relay import Relay, step
from tests.service.feed.desks import fed, happen, positions, record

on_postgresql = pytest.mark.parametrize("engine_name", ["postgresql"])


@pytest.fixture
def relay(database: Database) -> Relay:
    return Relay(database)


def gaps(database: Database) -> int:
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(FeedGap)) or 0


def test_events_get_the_numbers_from_one_on(database: Database, relay: Relay) -> None:
    happen(database, "t1", "t2")
    assert relay.number() == 2
    happen(database, "t3")
    assert (relay.number(), relay.number()) == (1, 0)
    assert [(event.position, event.ticket_id) for event in fed(database)] == [(1, "t1"), (2, "t2"), (3, "t3")]


def test_what_was_undone_has_no_number(database: Database, relay: Relay) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        record(session, "undone")
        session.execute(text("SELECT 1"))
        raise ZeroDivisionError
    happen(database, "t1")
    relay.number()
    relay.number()
    assert [(event.position, event.ticket_id) for event in fed(database)] == [(1, "t1")]
    assert (gaps(database), relay.idle()) == (0, True)


def test_it_is_idle_while_nothing_is_new(database: Database, relay: Relay) -> None:
    assert relay.idle()
    happen(database, "t1")
    assert not relay.idle()
    relay.number()
    relay.number()
    assert relay.idle()


def test_many_at_once_are_numbered_batch_by_batch(database: Database) -> None:
    relay = Relay(database, batch=7)
    told: list[int] = []
    relay.tell(lambda: told.append(len(positions(database))))
    happen(database, *(f"t{number}" for number in range(20)))
    relay.number()
    assert told == [7, 14, 20]
    assert [event.ticket_id for event in fed(database)] == [f"t{number}" for number in range(20)]


@contextmanager
def held(database: Database, ticket_id: str) -> Iterator[Session]:
    """A transaction that has written an event, and commits when the block ends."""
    with database.writing() as session:
        record(session, ticket_id)
        session.execute(text("SELECT 1"))  # sends what waits
        yield session


@on_postgresql
def test_one_that_commits_late_holds_nothing_up_and_is_not_lost(database: Database, relay: Relay) -> None:
    with held(database, "late"):
        happen(database, "early")
        assert relay.number() == 1
        assert (gaps(database), relay.idle()) == (1, False)
        relay.number()
        assert [event.ticket_id for event in fed(database)] == ["early"]
    assert relay.number() == 1
    assert [(event.position, event.ticket_id) for event in fed(database)] == [(1, "early"), (2, "late")]
    assert (gaps(database), relay.idle()) == (0, True)


@on_postgresql
def test_an_id_is_known_to_be_taken_before_its_transaction_has_a_number(
    database: Database, relay: Relay, migrated_url: str
) -> None:
    """PostgreSQL takes the id of a row, and only then gives its transaction an id of its own."""
    happen(database, "first")
    relay.number()
    slow = """
        INSERT INTO events (type, version, subject_type, subject_id, ticket_id, actor, at)
        VALUES ('ticket.updated', 1, 'ticket', 'slow', pg_advisory_xact_lock(7)::text, 'agent:a', now())
    """
    url = migrated_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as gate, psycopg.connect(url) as other:
        gate.execute("SELECT pg_advisory_lock(7)")
        inserting = threading.Thread(target=lambda: (other.execute(slow), other.commit()))
        inserting.start()
        try:
            while not _waiting(gate, other.info.backend_pid):
                pass
            happen(database, "fast")
            for _ in range(3):
                relay.number()
            assert gaps(database) == 1
        finally:
            gate.execute("SELECT pg_advisory_unlock(7)")
            inserting.join()
    relay.number()
    assert [event.subject_id for event in fed(database)] == ["first", "fast", "slow"]
    assert gaps(database) == 0


def _waiting(connection: psycopg.Connection[tuple[object]], pid: int) -> bool:
    """Whether it waits for the gate."""
    row = connection.execute("SELECT wait_event FROM pg_stat_activity WHERE pid = %s", [pid]).fetchone()
    connection.commit()
    return row == ("advisory",)


@on_postgresql
def test_two_relays_at_once_number_nothing_twice(database: Database) -> None:
    happen(database, "t1", "t2")
    with database.writing() as one:
        assert step(one) == 2
        with database.writing() as other:
            assert step(other) == 0
    assert positions(database) == [1, 2]


# ---------------------------------------------------------------- any order of events


ACTORS, TICKETS = 3, 3
WAYS = ["write"] * 4 + ["attempt", "undo"] + ["commit"] * 2 + ["relay"] * 3
actions = st.tuples(st.sampled_from(WAYS), st.integers(0, ACTORS - 1), st.integers(0, TICKETS - 1))


@dataclass
class Transaction:
    session: Session
    wrote: list[str] = field(default_factory=list)
    holds: set[int] = field(default_factory=set)


@dataclass
class World:
    """Transactions in any order; whoever changes a ticket holds it until the end, as the desk does."""

    database: Database
    open: dict[int, Transaction] = field(default_factory=dict)
    committed: list[str] = field(default_factory=list)
    changes: int = 0

    def write(self, actor: int, ticket: int, *, undone: bool = False) -> None:
        if any(ticket in other.holds for number, other in self.open.items() if number != actor):
            return
        mine = self.open.get(actor)
        if mine is None:
            mine = self.open[actor] = Transaction(Session(self.database.engine))
        self.changes += 1
        name = f"{ticket}-{self.changes:04}"
        event = {
            "type": "ticket.updated",
            "version": 1,
            "subject_type": "ticket",
            "subject_id": name,
            "ticket_id": str(ticket),
            "actor": "agent:a",
            "at": func.now(),
        }
        nested = mine.session.begin_nested()
        mine.session.execute(StoredEvent.__table__.insert().values(event))
        if undone:
            nested.rollback()
        else:
            nested.commit()
            mine.wrote.append(name)
            mine.holds.add(ticket)

    def end(self, actor: int, *, commit: bool) -> None:
        mine = self.open.pop(actor, None)
        if mine is None:
            return
        if commit:
            mine.session.commit()
            self.committed += mine.wrote
        mine.session.close()

    def check(self) -> None:
        """All that is committed is numbered, whatever is still open."""
        told = fed(self.database)
        assert [event.position for event in told] == list(range(1, len(told) + 1))
        assert sorted(event.subject_id for event in told) == sorted(self.committed)
        for ticket in range(TICKETS):
            changes = [event.subject_id for event in told if event.ticket_id == str(ticket)]
            assert changes == sorted(changes)


@on_postgresql
@settings(
    max_examples=settings().max_examples // 3, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(actions, min_size=12, max_size=40))
def test_whatever_the_order_in_which_transactions_end(
    database: Database, steps: list[tuple[str, int, int]]
) -> None:
    with database.writing() as session:
        for table in (FeedEntry, FeedGap, StoredEvent):
            session.execute(delete(table))
    world, relay = World(database), Relay(database)
    with ExitStack() as stack:
        for actor in range(ACTORS):
            stack.callback(world.end, actor, commit=False)
        for action, actor, ticket in steps:
            if action in {"write", "attempt"}:
                world.write(actor, ticket, undone=action == "attempt")
            elif action == "relay":
                relay.number()
                world.check()
            else:
                world.end(actor, commit=action == "commit")
    for _ in range(2):
        relay.number()
    world.check()
    assert (gaps(database), relay.idle()) == (0, True)
