import pytest
from sqlalchemy import create_engine

from service.database import Database, engine_options, normalise_url
from tests.service.persistence.rows import NOON, outbox_entry


@pytest.fixture
def dead(sqlite_url):
    """Ids of two dead letters, of the log and of mails."""
    url = normalise_url(sqlite_url)
    database = Database(create_engine(url, **engine_options(url)))
    entries = [
        outbox_entry(
            position=number,
            channel=channel,
            state="dead",
            attempts=9,
            ended_at=NOON,
            last_error="http_status_503",
        )
        for number, channel in enumerate(("log", "email"), 1)
    ]
    with database.writing() as session:
        session.add_all(entries)
    database.close()
    return [entry.id for entry in entries]


def test_deliveries_are_listed(command, sqlite_url, dead):
    listed = command("outbox", "list", "--state", "dead", "--channel", "email", on=sqlite_url)
    assert listed.exit_code == 0
    (row,) = [line for line in listed.output.splitlines() if line.startswith("dlv_")]
    assert row.split()[0] == dead[1]
    assert "http_status_503" in row
    assert listed.output.splitlines()[-1] == "1 of 1"


def test_one_is_replayed_by_its_id(command, sqlite_url, dead):
    replayed = command("outbox", "replay", dead[0], "--by", "ada", on=sqlite_url)
    assert replayed.output == f"replayed: {dead[0]}\n"
    pending = command("outbox", "list", "--state", "pending", on=sqlite_url)
    assert dead[0] in pending.output
    again = command("outbox", "replay", dead[0], on=sqlite_url)
    assert (again.exit_code, "still to be delivered" in again.output) == (1, True)


def test_all_dead_letters_are_replayed(command, sqlite_url, dead):
    replayed = command("outbox", "replay", "--all-dead", on=sqlite_url)
    assert replayed.output == f"replayed: {len(dead)}\n"
    assert "0 of 0" in command("outbox", "list", "--state", "dead", on=sqlite_url).output


def test_it_is_said_what_to_replay(command, sqlite_url, dead):
    for arguments in ((), (dead[0], "--all-dead")):
        refused = command("outbox", "replay", *arguments, on=sqlite_url)
        assert (refused.exit_code, "--all-dead" in refused.output) == (2, True)
    unknown = command("outbox", "replay", "dlv_nobody", on=sqlite_url)
    assert (unknown.exit_code, "There is no delivery" in unknown.output) == (1, True)
