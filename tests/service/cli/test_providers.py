import threading

import pytest

from providers.testing.quimbi_simulator import QuimbiSimulator

KEY = "qpk_live_simulator_0123456789"


@pytest.fixture
def quimbi():
    with QuimbiSimulator(api_key=KEY) as simulator:
        yield simulator


def pointing_at(simulator, key=KEY):
    return {
        "INTELLIGENCE_PROVIDERS": "quimbi,fallback",
        "QUIMBI_BASE_URL": simulator.url,
        "QUIMBI_API_KEY": key,
        "QUIMBI_MAX_RETRIES": "0",
    }


def test_providers_are_listed_in_order_with_why_they_were_chosen(command, sqlite_url):
    output = command("providers", "list", on=sqlite_url, INTELLIGENCE_PROVIDERS="").output
    assert output.index("statistical") < output.index("fallback")
    assert "Chosen because: neither a Quimbi key nor INTELLIGENCE_PROVIDERS is set" in output


def test_a_provider_that_answers_is_connected(command, sqlite_url, quimbi):
    result = command("providers", "check", on=sqlite_url, **pointing_at(quimbi))
    assert result.exit_code == 0
    assert [line.split()[:2] for line in result.output.splitlines()[2:]] == [
        ["quimbi", "connected"],
        ["fallback", "connected"],
    ]


def test_a_refused_key_is_told_and_fails(command, sqlite_url, quimbi):
    result = command("providers", "check", on=sqlite_url, **pointing_at(quimbi, key="qpk_live_another_one"))
    assert result.exit_code == 1
    assert "access_refused" in result.output
    assert "No answer from: quimbi." in result.output
    assert "another_one" not in result.output


def test_one_provider_alone_is_asked(command, sqlite_url, quimbi):
    environment = pointing_at(quimbi, key="qpk_live_another_one")
    result = command("providers", "check", "fallback", on=sqlite_url, **environment)
    assert result.exit_code == 0
    assert "quimbi" not in result.output


def test_an_unknown_provider_is_refused(command, sqlite_url):
    result = command("providers", "check", "nonsense", on=sqlite_url)
    assert result.exit_code == 2
    assert "stub, fallback" in result.output


def test_a_check_needs_no_database(command):
    assert command("providers", "check", on="postgresql://127.0.0.1:1/desk").exit_code == 0


def test_no_command_leaves_a_thread_behind(command, sqlite_url, quimbi):
    environment = pointing_at(quimbi)
    before = set(threading.enumerate())
    for arguments in (("providers", "check"), ("doctor",), ("jobs", "list"), ("providers", "list")):
        command(*arguments, on=sqlite_url, **environment)
    started = {thread for thread in threading.enumerate() if thread not in before}
    assert not {thread.name for thread in started if thread.name in {"jobs", "jobs-here", "redis-probe"}}
