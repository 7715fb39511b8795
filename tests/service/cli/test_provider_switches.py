"""`flask --app wsgi providers …`, the commands that change what runs elsewhere."""

import getpass

import pytest

from tests.wire.cases import eventually
from tests.wire.desk import running_desk

WHY = ("--reason", "Maintenance.")
COMMANDS = (
    ("enable", "stub"),
    ("disable", "stub"),
    ("order", "fallback", "stub"),
    ("reset",),
    ("reset-circuit", "stub"),
)


@pytest.fixture
def providers(command, sqlite_url):
    def run(*arguments, **environment):
        return command("providers", *arguments, on=sqlite_url, **environment)

    return run


def states(listed):
    """Name → whether it is enabled, in the order of the table."""
    rows = [line.split() for line in listed.output.split("\n\n")[0].splitlines()[2:]]
    return {name: enabled == "yes" for name, enabled, *_ in rows}


def test_what_is_disabled_stays_so_until_it_is_enabled(providers):
    result = providers("disable", "stub", *WHY)
    assert result.exit_code == 0
    assert result.output.startswith("Version 1. Asked in this order: fallback.\nOnly generic words")
    listed = providers("list")
    assert states(listed) == {"stub": False, "fallback": True}
    assert f"Version 1, by cli:{getpass.getuser()} at " in listed.output
    assert "Maintenance." in listed.output
    assert providers("enable", "stub", *WHY).exit_code == 0
    assert states(providers("list")) == {"stub": True, "fallback": True}


def test_those_that_are_named_come_first_and_a_reset_undoes_it(providers):
    providers("order", "fallback", *WHY)
    assert list(states(providers("list"))) == ["fallback", "stub"]
    assert providers("reset", *WHY).exit_code == 0
    assert list(states(providers("list"))) == ["stub", "fallback"]


def test_before_any_change_the_list_says_that_it_is_as_configured(providers):
    assert "Order and switches: as configured." in providers("list").output


def test_the_history_tells_who_did_what_and_why(providers):
    providers("disable", "stub", "--by", "kim", "--reason", "Line one\n\x1b[31mline two")
    providers("reset-circuit", "stub", *WHY)
    output = providers("history").output
    latest, first = output.splitlines()[2:]
    assert all(text in latest for text in ("circuit_reset", "stub", f"cli:{getpass.getuser()}"))
    assert all(text in first for text in ("disabled", "cli:kim", "fallback", "Line one [31mline two"))
    assert "\x1b" not in output
    assert len(providers("history", "--limit", "1").output.splitlines()) == 3


@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_a_change_without_a_reason_is_refused(providers, arguments):
    assert "--reason" in providers(*arguments).output
    for reason in ("", "  ", "x" * 501, "\ud800"):
        result = providers(*arguments, "--reason", reason)
        assert (result.exit_code, "1 to 500" in result.output) == (2, True)
    assert "Order and switches: as configured." in providers("list").output


@pytest.mark.parametrize("name", ["enable", "disable", "order", "reset-circuit"])
def test_an_unknown_provider_is_refused_with_those_there_are(providers, name):
    result = providers(name, "oracle", *WHY)
    assert result.exit_code == 2
    assert "stub, fallback" in result.output
    assert "INTELLIGENCE_PROVIDERS" in result.output


def test_a_command_of_another_configuration_is_refused_and_drops_nothing(providers):
    providers("disable", "stub", *WHY)
    other = {"INTELLIGENCE_PROVIDERS": "fallback"}
    assert states(providers("list", **other)) == {"fallback": True}
    result = providers("disable", "fallback", *WHY, **other)
    assert result.exit_code == 1
    assert "Start it with the same" in result.output
    assert states(providers("list")) == {"stub": False, "fallback": True}


@pytest.mark.parametrize("name", [arguments[0] for arguments in COMMANDS] + ["list", "check", "history"])
def test_every_command_explains_itself(providers, name):
    result = providers(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_switching_needs_the_schema(command, tmp_path):
    result = command("providers", "disable", "stub", *WHY, on=f"sqlite:///{tmp_path}/new.db")
    assert result.exit_code == 1
    assert "db upgrade" in result.output


def test_a_running_desk_follows_a_command_within_seconds_and_is_listed(
    flask_process, sqlite_url, tmp_path, providers, logging_restored
):
    with running_desk(
        {"DATABASE_URL": sqlite_url, "LOG_FILE": str(tmp_path / "desk.log")}, timed_work=True
    ) as desk:
        environment = {
            "DATABASE_URL": sqlite_url,
            "ENVIRONMENT": "development",
            "SECRET_KEY": "s" * 32,
            "INTELLIGENCE_PROVIDERS": "stub,fallback",
        }
        switched = flask_process("providers", "disable", "stub", *WHY, **environment)
        assert (switched.returncode, switched.stderr) == (0, "")
        eventually(lambda: desk.get("/health").json()["providers"] == ["fallback"] or None, within_s=5)

        def listed():
            told = providers("list").output
            return "follows version 1: fallback." in told or None

        eventually(listed, within_s=5)
