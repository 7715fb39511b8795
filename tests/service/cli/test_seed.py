import re

from sqlalchemy import create_engine, func, select

from service.customers.models import Customer
from service.tickets.models import Ticket

FEW = ("--customers", "20", "--tickets", "30")


def count(url, model):
    engine = create_engine(url)
    with engine.connect() as connection:
        counted = connection.scalar(select(func.count()).select_from(model))
    engine.dispose()
    return counted


def test_it_fills_the_database_and_says_how_fast(command, migrated_url):
    result = command("seed", *FEW, on=migrated_url)
    assert result.exit_code == 0
    assert re.search(r"Added 24 customers, \d+ orders, 31 tickets .* tickets/min", result.output)
    assert (count(migrated_url, Customer), count(migrated_url, Ticket)) == (24, 31)


def test_a_second_time_it_adds_nothing(command, migrated_url):
    command("seed", *FEW, on=migrated_url)
    result = command("seed", *FEW, on=migrated_url)
    assert result.exit_code == 0
    assert "Added 0 customers, 0 orders, 0 tickets and 0 messages" in result.output


def test_the_rate_of_seeding_is_told(command, migrated_url, full, say):
    customers, tickets = (2_000, 20_000) if full else (200, 1_000)
    result = command("seed", "--customers", str(customers), "--tickets", str(tickets), on=migrated_url)
    rate = int(re.search(r"\(([\d,]+) tickets/min\)", result.output)[1].replace(",", ""))
    assert rate > 0
    say(f"seeding {tickets:,} tickets: {rate:,} a minute")


def test_production_is_left_alone(command, sqlite_url):
    result = command("seed", on=sqlite_url, ENVIRONMENT="production")
    assert result.exit_code == 1
    assert "--force-in-production" in result.output
    assert count(sqlite_url, Customer) == 0


def test_production_is_filled_where_it_is_said_twice(command, sqlite_url):
    result = command("seed", *FEW, "--force-in-production", on=sqlite_url, ENVIRONMENT="production")
    assert result.exit_code == 0
    assert count(sqlite_url, Customer) == 24


def test_a_database_without_its_schema_is_named_with_the_cure(command, tmp_path):
    result = command("seed", on=f"sqlite:///{tmp_path}/new.db")
    assert result.exit_code == 1
    assert "flask --app wsgi db upgrade" in result.output


def test_a_database_that_is_away_is_named_without_a_traceback(command):
    result = command("seed", on="postgresql://desk:hunter2@127.0.0.1:1/desk")
    assert result.exit_code == 1
    assert result.output.startswith("Error: The database cannot be used")
    assert "hunter2" not in result.output


def test_counts_that_make_no_sense_are_refused(command, sqlite_url):
    for wrong in (["--customers", "-1"], ["--tickets", "many"], ["--seed", str(2**40)], ["extra"]):
        assert command("seed", *wrong, on=sqlite_url).exit_code == 2
