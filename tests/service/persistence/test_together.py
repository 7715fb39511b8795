"""Several blocks as one transaction; on SQLite and PostgreSQL."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from service.customers.models import Customer
from service.database import Database, after_commit, concerns, normalise_url
from tests.service.persistence.rows import customer


def known(database: Database) -> set[str]:
    with database.reading() as session:
        return set(session.scalars(select(Customer.id)))


def test_blocks_together_are_committed_together(database: Database) -> None:
    with database.together():
        for name in ("cust_1", "cust_2"):
            with database.writing() as session:
                session.add(customer(id=name))
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(known, database).result() == set(), "nobody else sees them yet"
        assert known(database) == {"cust_1", "cust_2"}, "who wrote them does"
    assert known(database) == {"cust_1", "cust_2"}


def test_an_error_undoes_every_block(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.together():
        with database.writing() as session:
            session.add(customer(id="cust_1"))
        raise ZeroDivisionError
    assert known(database) == set()
    with database.writing() as session:
        session.add(customer(id="cust_1"))
    assert known(database) == {"cust_1"}, "the next block is a transaction of its own"


def test_a_block_that_fails_undoes_itself_alone_where_its_error_is_caught(database: Database) -> None:
    effects: list[str] = []
    with database.together():
        with database.writing() as session:
            session.add(customer(id="cust_1"))
            after_commit(session, lambda: effects.append("first"))
        with pytest.raises(IntegrityError), database.writing() as session:
            after_commit(session, lambda: effects.append("second"))
            session.add(customer(id="cust_2"))
            session.flush()
            session.add(customer(id="cust_2", ref="another"))
        assert effects == []
    assert known(database) == {"cust_1"}
    assert effects == ["first"]


def test_a_block_reads_anew_what_an_earlier_one_had_read(
    postgres_url: str, open_database: Callable[[str], Database]
) -> None:
    """On SQLite nobody else writes meanwhile."""
    database, elsewhere = (
        open_database(normalise_url(postgres_url)),
        open_database(normalise_url(postgres_url)),
    )
    with database.writing() as session:
        session.add(customer(id="cust_1", name="Ada"))
    with database.together():
        with database.writing() as session:
            session.add(customer(id="cust_2"))
        with database.reading() as session:
            ada = session.get_one(Customer, "cust_1")
        with elsewhere.writing() as session:
            session.get_one(Customer, "cust_1").name = "Ada Lovelace"
        with database.writing() as session:
            assert session.get_one(Customer, "cust_1", with_for_update=True).name == "Ada Lovelace"
        assert ada.name == "Ada"


def test_reading_within_a_block_loses_none_of_its_changes(database: Database) -> None:
    with database.together(), database.writing() as session:
        ada = customer(id="cust_1")
        session.add(ada)
        assert known(database) == {"cust_1"}
        ada.name = "Ada"
    with database.reading() as session:
        assert session.get_one(Customer, "cust_1").name == "Ada"


def test_what_only_reads_begins_nothing(database: Database) -> None:
    with database.together() as together:
        assert known(database) == set()
        assert together.session is None


def test_a_thread_beside_it_has_transactions_of_its_own(database: Database, engine_name: str) -> None:
    def write() -> None:
        with database.writing() as session:
            session.add(customer(id="cust_2"))

    with pytest.raises(ZeroDivisionError), database.together(), ThreadPoolExecutor(1) as pool:
        pool.submit(write).result()
        with database.writing() as session:
            session.add(customer(id="cust_1"))
        raise ZeroDivisionError
    assert known(database) == {"cust_2"}


def test_it_tells_whom_it_is_about_where_that_is_one(database: Database) -> None:
    with database.together() as together:
        assert together.customer_id is None
        with database.writing() as session:
            concerns(session, "cust_1")
            concerns(session, "cust_1")
        assert together.customer_id == "cust_1"
        with database.writing() as session:
            concerns(session, "cust_2")
    assert together.customer_id is None
