import time

import pytest
from sqlalchemy import func, select

from service.bootstrap import SAMPLE_CUSTOMERS, prepare
from service.customers.models import Customer
from service.database import normalise_url
from service.sample_data.loading import is_empty


@pytest.fixture
def counted(open_database):
    def count(url):
        with open_database(url).reading() as session:
            return session.scalar(select(func.count()).select_from(Customer))

    return count


def test_a_development_start_gets_schema_and_sample_data_in_seconds(settings_for, database_url, counted):
    began = time.monotonic()
    prepare(settings_for(database_url))
    assert time.monotonic() - began < 10
    assert counted(database_url) == SAMPLE_CUSTOMERS + 4


def test_a_second_start_adds_nothing(settings_for, tmp_path, counted):
    url = normalise_url(f"sqlite:///{tmp_path}/desk.db")
    prepare(settings_for(url))
    before = counted(url)
    prepare(settings_for(url))
    assert counted(url) == before


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
def test_any_other_start_gets_the_schema_alone(settings_for, tmp_path, open_database, environment):
    url = f"sqlite:///{tmp_path}/desk.db"
    prepare(settings_for(url, ENVIRONMENT=environment))
    database = open_database(url)
    assert database.at_head()
    assert is_empty(database)


def test_a_database_that_is_away_does_not_stop_the_start(settings_for):
    prepare(settings_for("postgresql://127.0.0.1:1/desk"))


def test_the_migration_commands_work_on_an_empty_file(flask_process, tmp_path):
    environment = {"SECRET_KEY": "s" * 32, "DATABASE_URL": f"sqlite:///{tmp_path}/desk.db"}
    assert flask_process("db", "upgrade", **environment).returncode == 0
    assert "(head)" in flask_process("db", "current", **environment).stdout
    ended = flask_process(
        "seed", "--customers", "3", "--tickets", "3", "--force-in-production", **environment
    )
    assert ended.returncode == 0
    assert "Added 7 customers" in ended.stdout
