from pathlib import Path

import pytest
from sqlalchemy import StaticPool

from service.database import engine_options, normalise_url
from service.engines import ROOT

POSTGRES = "postgresql+psycopg://desk:s%40cret@db:5433/desk"


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg2"])
def test_postgresql_is_accepted_as_operators_write_it(scheme: str) -> None:
    assert normalise_url(f"{scheme}://desk:s%40cret@db:5433/desk") == POSTGRES


def test_asyncpgs_word_for_encryption_becomes_that_of_our_driver() -> None:
    url = normalise_url("postgresql+asyncpg://desk@db/desk?ssl=require")
    assert url == "postgresql+psycopg://desk@db/desk?sslmode=require"


def test_a_sqlite_path_does_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = normalise_url("sqlite:///instance/desk.db")
    monkeypatch.chdir(tmp_path)
    assert normalise_url("sqlite:///instance/desk.db") == here == f"sqlite:///{ROOT}/instance/desk.db"
    assert normalise_url("sqlite:////var/desk.db") == "sqlite:////var/desk.db"
    assert normalise_url("sqlite+aiosqlite:////var/desk.db") == "sqlite:////var/desk.db"


@pytest.mark.parametrize("url", ["", "desk.db", "mysql://db/desk", "postgresql://db:port/desk", "http://db"])
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"database URL|only postgresql") as refused:
        normalise_url(url)
    assert not url or url not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite:////tmp/desk.db", POSTGRES])
def test_every_thread_finds_a_connection_without_waiting(url: str) -> None:
    options = engine_options(url, threads=40)
    assert options["pool_size"] + options["max_overflow"] > 40
    assert options["pool_timeout"] == 2


def test_every_wait_for_postgresql_has_an_end() -> None:
    arguments = engine_options(POSTGRES)["connect_args"]
    assert 2 <= arguments["connect_timeout"] <= 3
    assert arguments["keepalives"] == 1
    for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        assert f"-c {limit}=" in arguments["options"]


def test_what_the_url_says_of_the_connection_wins() -> None:
    arguments = engine_options(f"{POSTGRES}?connect_timeout=9&options=-csearch_path%3Ddesk")["connect_args"]
    assert "connect_timeout" not in arguments
    assert "options" not in arguments


def test_a_database_in_memory_is_one_connection() -> None:
    assert engine_options(normalise_url("sqlite://"))["poolclass"] is StaticPool


def test_parameters_never_show_in_errors() -> None:
    assert engine_options(POSTGRES)["hide_parameters"]
