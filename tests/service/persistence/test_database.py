"""Sessions: short transactions, no lost change, and one error when the database is not there."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from service.customers.models import Customer
from service.database import Database, DatabaseUnavailable, engine_options, normalise_url, upgrade
from service.engines import configure_engine
from service.tickets.models import Message, Ticket, TicketCounter, TicketTag
from tests.servers import Postgres
from tests.service.persistence.rows import customer, message, ticket

Opening = Callable[[str], Database]


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    return tmp_path / "instance" / "desk.db"


@pytest.fixture
def sqlite_database(sqlite_file: Path, open_database: Opening) -> Database:
    database = open_database(normalise_url(f"sqlite:///{sqlite_file}"))
    upgrade(database.engine)
    return database


def test_what_was_written_is_there_for_the_next_reader(database: Database) -> None:
    ada = customer(name="Ada")
    with database.writing() as session:
        session.add(ada)
    assert ada.name == "Ada", "a committed row can be read without a session"
    with database.reading() as session:
        assert session.get_one(Customer, ada.id).name == "Ada"


def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    ada = customer()
    with pytest.raises(ZeroDivisionError), database.writing() as session:
        session.add(ada)
        session.flush()
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.get(Customer, ada.id) is None


def test_parallel_changes_lose_nothing(database: Database) -> None:
    threads, changes = 8, 25
    with database.writing() as session:
        session.add(TicketCounter(status="open", shard=0))

    def count(_: int) -> None:
        for _ in range(changes):
            with database.writing() as session:
                counter = session.scalars(select(TicketCounter).with_for_update()).one()
                counter.tickets += 1

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(count, range(threads)))
    with database.reading() as session:
        assert session.scalars(select(TicketCounter.tickets)).one() == threads * changes


def test_a_change_made_while_reading_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="writing"), database.reading() as session:
        session.add(customer())
        session.flush()


def test_a_reader_sees_rows_and_does_not_wait_for_a_writer(database: Database) -> None:
    ada = customer()
    with database.writing() as writing:
        writing.add(ada)
        writing.flush()
        with database.reading() as reading:
            assert reading.get(Customer, ada.id) is None


def test_a_read_on_postgresql_is_one_round_trip(postgres_database: str, open_database: Opening) -> None:
    database = open_database(normalise_url(postgres_database))
    with database.reading() as session:
        driver = session.connection().connection.dbapi_connection
        session.execute(text("SELECT 1"))
        assert driver is not None
        assert driver.info.transaction_status.name == "IDLE"
    with database.writing() as session:
        assert not session.connection().connection.dbapi_connection.autocommit


def test_a_broken_rule_of_the_schema_is_no_outage(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(ticket(customer()))


@pytest.mark.parametrize("statement", ["SELECT absent FROM tickets", "SELEKT"])
def test_a_mistake_in_sql_is_no_outage(database: Database, statement: str) -> None:
    with pytest.raises((OperationalError, ProgrammingError)), database.reading() as session:
        session.execute(text(statement))


def test_a_table_that_is_not_there_means_that_migrations_are(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="lacks migrations"), database.reading() as session:
        session.execute(text("SELECT id FROM nowhere"))


def test_a_value_outside_the_list_is_refused_by_the_database_itself(database: Database) -> None:
    ada = customer()
    broken = ticket(ada)
    with database.writing() as session:
        session.add(ada)
        session.flush()
        session.add(broken)
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(text("UPDATE tickets SET status = 'in_progress'"))


def test_deleting_a_ticket_takes_its_parts_along(database: Database) -> None:
    ada = customer()
    parcel = ticket(ada, tags={"late", "parcel"})
    for group in ([ada], [parcel], [message(parcel)]):
        with database.writing() as session:
            session.add_all(group)
    with database.writing() as session:
        session.delete(session.get_one(Ticket, parcel.id))
    with database.reading() as session:
        assert session.scalars(select(Message)).all() == []
        assert session.scalars(select(TicketTag)).all() == []


def test_tags_read_and_change_like_a_set(database: Database) -> None:
    ada = customer()
    parcel = ticket(ada, tags={"late", "parcel"})
    for group in ([ada], [parcel]):
        with database.writing() as session:
            session.add_all(group)
    with database.writing() as session:
        stored = session.get_one(Ticket, parcel.id)
        stored.tags = {"parcel", "urgent"}
    with database.reading() as session:
        assert set(session.get_one(Ticket, parcel.id).tags) == {"parcel", "urgent"}


def test_the_messages_of_one_moment_keep_their_order(database: Database) -> None:
    ada = customer()
    parcel = ticket(ada)
    said = [message(parcel, content=str(number)) for number in range(20)]
    for group in ([ada], [parcel], said):
        with database.writing() as session:
            session.add_all(group)
    with database.reading() as session:
        by_time = select(Message.content).order_by(Message.created_at, Message.sequence)
        assert session.scalars(by_time).all() == [str(number) for number in range(20)]


# ---------------------------------------------------------------- outages


def test_a_sqlite_database_makes_its_folder(sqlite_database: Database, sqlite_file: Path) -> None:
    sqlite_database.check()
    assert sqlite_file.exists()


def test_a_locked_sqlite_database_can_be_read_but_not_written(
    sqlite_database: Database, sqlite_file: Path
) -> None:
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with sqlite_database.reading() as session:
            session.execute(text("PRAGMA busy_timeout = 20"))
            assert session.scalars(select(Customer)).all() == []
        with pytest.raises(DatabaseUnavailable, match="locked"), sqlite_database.writing() as session:
            session.execute(text("DELETE FROM customers"))
        other.execute("ROLLBACK")
    with sqlite_database.writing() as session:
        session.execute(update(Customer).values(name="free again"))


def test_a_folder_without_a_way_in_is_an_outage(tmp_path: Path, open_database: Opening) -> None:
    (tmp_path / "desk.db").mkdir()
    with pytest.raises(DatabaseUnavailable):
        open_database(normalise_url(f"sqlite:///{tmp_path}/desk.db")).check()


def test_a_file_that_is_no_database_is_an_outage(tmp_path: Path, open_database: Opening) -> None:
    (tmp_path / "desk.db").write_text("once upon a time" * 100)
    with pytest.raises(DatabaseUnavailable):
        open_database(normalise_url(f"sqlite:///{tmp_path}/desk.db")).check()


def test_postgresql_that_goes_away_is_an_outage_and_back_without_a_restart(
    own_postgres: Postgres, open_database: Opening
) -> None:
    database = open_database(normalise_url(own_postgres.address("postgres")))
    for _ in range(2):
        database.check()
        own_postgres.stop()
        for attempt in (database.check, lambda: upgrade(database.engine)):
            with pytest.raises(DatabaseUnavailable):
                attempt()
        own_postgres.start()
    database.check()


def test_a_connection_that_died_while_idle_is_replaced_without_an_error(
    own_postgres: Postgres,
) -> None:
    url = normalise_url(own_postgres.address("postgres"))
    engine = create_engine(url, **engine_options(url))
    configure_engine(engine, ping_after_idle_s=0)
    database = Database(engine)
    for _ in range(2):
        database.check()
        own_postgres.stop()
        own_postgres.start()
        database.check()
    database.close()


def test_a_connection_that_dies_in_steady_use_costs_one_error(
    own_postgres: Postgres, open_database: Opening
) -> None:
    database = open_database(normalise_url(own_postgres.address("postgres")))
    database.check()
    own_postgres.administer(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'support-desk'"
    )
    with pytest.raises(DatabaseUnavailable):
        database.check()
    database.check()


def test_postgresql_that_dies_in_a_transaction_is_an_outage(
    own_postgres: Postgres, open_database: Opening
) -> None:
    database = open_database(normalise_url(own_postgres.address("postgres")))
    with pytest.raises(DatabaseUnavailable), database.writing() as session:
        session.execute(text("SELECT 1"))
        own_postgres.stop()
        session.execute(text("SELECT 1"))


def test_a_statement_that_takes_too_long_is_ended(postgres_database: str, open_database: Opening) -> None:
    database = open_database(normalise_url(postgres_database))
    with pytest.raises(DatabaseUnavailable), database.reading() as session:
        session.execute(text("SET statement_timeout = 20"))
        session.execute(text("SELECT pg_sleep(5)"))
    database.check()


def test_no_free_connection_is_an_outage_after_a_short_wait(database_url: str) -> None:
    options = engine_options(database_url) | {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.05}
    database = Database(create_engine(database_url, **options))
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with database.reading() as session:
            session.execute(text("SELECT 1"))
            taken.set()
            done.wait(5)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(5)
    with pytest.raises(DatabaseUnavailable, match="connection"):
        database.check()
    done.set()
    holder.join()
    database.check()
    database.close()


def test_a_session_returns_its_connection_at_once(database: Database) -> None:
    with database.reading() as session:
        session.execute(text("SELECT 1"))
    with database.writing() as session:
        session.execute(text("SELECT 1"))
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # of a QueuePool


def test_configuring_an_engine_twice_changes_nothing(sqlite_database: Database) -> None:
    begun: list[str] = []
    again = Database(sqlite_database.engine)
    event.listen(again.engine, "before_cursor_execute", lambda *call: begun.append(call[2]))
    again.check()
    assert begun == ["BEGIN", "PRAGMA schema_version"]
