import json
import sys

import pytest
from sqlalchemy import create_engine, text

FEW = ("--customers", "60", "--tickets", "20")
PNG = b"\x89PNG"


@pytest.fixture
def shop(command, migrated_url):
    """A desk with sample data, which `seed` has fitted once."""
    command("seed", *FEW, on=migrated_url)
    return migrated_url


@pytest.fixture
def sqlite_shop(command, sqlite_url):
    command("seed", *FEW, on=sqlite_url)
    return sqlite_url


def change(url, statement, **values):
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def as_if_in_use_was_better(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        told = connection.execute(text("SELECT parameters FROM shop_parameters")).scalar_one()
        parameters = json.loads(told)
        parameters["backtest"]["brier"] = 0.01
        connection.execute(
            text("UPDATE shop_parameters SET parameters = :told"), {"told": json.dumps(parameters)}
        )
    engine.dispose()


def test_a_fit_tells_its_parameters_window_and_backtest(command, shop):
    result = command("intelligence", "fit", on=shop)
    assert result.exit_code == 0, result.output
    assert "customers with" in result.stdout
    assert "alpha" in result.stdout
    assert "Brier" in result.stdout
    assert "Version" in result.stdout


def test_a_fit_that_would_be_worse_is_refused_unless_forced(command, sqlite_shop):
    as_if_in_use_was_better(sqlite_shop)
    refused = command("intelligence", "fit", on=sqlite_shop)
    assert refused.exit_code == 1
    assert "Not used: Brier" in refused.stderr
    assert "--force" in refused.stderr
    forced = command("intelligence", "fit", "--force", on=sqlite_shop)
    assert forced.exit_code == 0
    assert "Used because of --force" in forced.stdout


def test_a_backtest_tells_scores_totals_and_deciles_and_draws_them(command, shop, tmp_path):
    picture = tmp_path / "deciles.png"
    result = command("intelligence", "backtest", "--origins", "2", "--plot", str(picture), on=shop)
    assert result.exit_code == 0, result.output
    for told in ("Brier", "AUC", "calibration error", "value told, in total", "IN USE", "tenth"):
        assert told in result.stdout
    assert picture.read_bytes().startswith(PNG)


def test_without_matplotlib_a_plot_is_refused_with_the_cure(command, sqlite_shop, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    picture = tmp_path / "deciles.png"
    result = command("intelligence", "backtest", "--plot", str(picture), on=sqlite_shop)
    assert result.exit_code == 1
    assert "support-desk[plots]" in result.stderr
    assert "tenth" in result.stdout
    assert not picture.exists()


def test_a_plot_that_cannot_be_written_is_named(command, sqlite_shop, tmp_path):
    result = command(
        "intelligence", "backtest", "--plot", str(tmp_path / "no" / "deciles.png"), on=sqlite_shop
    )
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_a_customer_is_explained(command, shop):
    result = command("intelligence", "explain", "cust_123", on=shop)
    assert result.exit_code == 0, result.output
    assert "No order within 90 days" in result.stdout
    assert "Orders on 12 days" in result.stdout


def test_what_is_not_known_of_a_customer_is_told_too(command, sqlite_shop):
    result = command("intelligence", "explain", "test_customer_new", on=sqlite_shop)
    assert result.exit_code == 0
    assert "no_orders" in result.stdout


def test_nobody_cannot_be_explained(command, sqlite_shop):
    result = command("intelligence", "explain", "nobody", on=sqlite_shop)
    assert result.exit_code == 2
    assert "there is no customer 'nobody'" in result.stderr


def test_a_rebuild_finds_nothing_to_mend_unless_somebody_changed_the_database(command, shop):
    right = command("intelligence", "rebuild", on=shop)
    assert right.exit_code == 0
    assert "64 customers counted anew; 0 were due or different." in right.stdout
    change(shop, "UPDATE customer_statistics SET orders = 99 WHERE customer_id = :id", id="cust_123")
    assert "; 1 were due" in command("intelligence", "rebuild", on=shop).stdout


def test_a_desk_without_a_past_says_so(command, sqlite_url):
    assert "too few" in command("intelligence", "fit", on=sqlite_url).stdout.lower()
    backtest = command("intelligence", "backtest", on=sqlite_url)
    assert backtest.exit_code == 1
    assert "too short for a backtest" in backtest.stderr


def test_a_database_without_its_schema_is_named_with_the_cure(command, tmp_path):
    for arguments in (["fit"], ["backtest"], ["explain", "cust_123"], ["rebuild"]):
        result = command("intelligence", *arguments, on=f"sqlite:///{tmp_path}/new.db")
        assert result.exit_code == 1
        assert "flask --app wsgi db upgrade" in result.stderr


@pytest.mark.parametrize("name", ["fit", "backtest", "explain", "rebuild"])
def test_each_command_explains_itself(command, sqlite_url, name):
    result = command("intelligence", name, "--help", on=sqlite_url)
    assert result.exit_code == 0
    assert "Usage:" in result.stdout
    assert "\\b" not in result.stdout


def test_the_jobs_fit_and_count(command, shop):
    assert "adopted: 1" in command("jobs", "run", "fit-intelligence", on=shop).stdout
    assert command("jobs", "run", "fit-grown", on=shop).exit_code == 0
    assert "customers: 0" in command("jobs", "run", "count-contacts", on=shop).stdout
