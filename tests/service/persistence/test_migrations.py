"""Up, down and up again, on empty and on filled databases, by one process and by several."""

import multiprocessing
import warnings
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import Migrate
from sqlalchemy import CheckConstraint, create_engine, func, inspect, select, text

from service import migrating
from service.database import Database, db, engine_options, upgrade
from service.models import metadata
from tests.service.persistence.rows import one_of_everything

PROCESSES = 3
FIRST_ROWS = {"sla_calendars": 1, "sla_policies": 4, "notification_rules": 5}


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Of the test's own, since these tests change the schema."""
    upgrade(empty_database.engine)
    return empty_database


def fill(database: Database) -> None:
    for group in one_of_everything():
        with database.writing() as session:
            session.add_all(group)


def rows(database: Database) -> dict[str, int]:
    with database.reading() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def test_the_models_and_the_migrations_agree(database: Database) -> None:
    with database.engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*expression-based index")  # SQLite cannot read them back
        context = MigrationContext.configure(
            connection,
            opts={
                "target_metadata": metadata,
                "compare_type": True,
                "include_name": migrating.is_told_by_models,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_every_constraint_of_the_models_is_in_the_database_by_name(database: Database) -> None:
    inspector = inspect(database.engine)
    name_of = database.engine.dialect.identifier_preparer.format_constraint
    for table in metadata.sorted_tables:
        wanted = {name_of(check) for check in table.constraints if isinstance(check, CheckConstraint)}
        assert {check["name"] for check in inspector.get_check_constraints(table.name)} == wanted, table.name
        assert inspector.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"


def test_a_filled_database_goes_down_and_up_again(database: Database) -> None:
    fill(database)
    assert min(rows(database).values()) >= 1, "a table without a row was not tried"

    migrating.downgrade(database.engine, "base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]

    upgrade(database.engine)
    left = {table: count for table, count in rows(database).items() if count}
    assert left == FIRST_ROWS
    fill(database)


def test_upgrading_a_filled_database_again_changes_nothing(database: Database) -> None:
    fill(database)
    before = rows(database)
    upgrade(database.engine)
    assert rows(database) == before


@pytest.mark.parametrize("engine_name", ["sqlite"])
def test_sqlite_holds_to_foreign_keys_again_after_a_migration(database: Database) -> None:
    with database.reading() as session:
        assert session.scalar(text("PRAGMA foreign_keys")) == 1
        assert session.scalar(text("PRAGMA busy_timeout")) == 2000


def test_a_database_is_at_head_only_once_it_was_upgraded(empty_database: Database) -> None:
    assert not empty_database.at_head()
    upgrade(empty_database.engine)
    assert empty_database.at_head()


def test_being_at_head_is_asked_of_the_database_only_until_it_is_true(database: Database) -> None:
    assert database.at_head()
    with database.writing() as session:
        session.execute(text("DROP TABLE alembic_version"))
    assert database.at_head()


def upgrade_in_a_process(url: str) -> None:
    engine = create_engine(url, **engine_options(url))
    upgrade(engine)
    engine.dispose()


def test_several_processes_upgrade_one_database_at_once(
    database_url: str, open_database: Callable[[str], Database]
) -> None:
    spawning = multiprocessing.get_context("spawn")
    processes = [
        spawning.Process(target=upgrade_in_a_process, args=(database_url,)) for _ in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    assert open_database(database_url).at_head()


def test_flasks_own_command_upgrades_too(database_url: str, open_database: Callable[[str], Database]) -> None:
    app = Flask("desk")
    app.config["SQLALCHEMY_DATABASE_URI"] = database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(database_url)
    db.init_app(app)
    Migrate(app, db, directory=str(migrating.MIGRATIONS))
    with app.app_context():
        ran = app.test_cli_runner().invoke(args=["db", "upgrade"])
        db.engine.dispose()
    assert ran.exit_code == 0, ran.output
    assert open_database(database_url).at_head()
