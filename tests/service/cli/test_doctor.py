import json

import pytest

from providers.testing.quimbi_simulator import QuimbiSimulator
from service.app import create_app
from service.testing.desk import running_desk

KEY = "qpk_live_simulator_0123456789"


@pytest.fixture(params=["documented", "deployed"])
def quimbi(request):
    with QuimbiSimulator(dialect=request.param, api_key=KEY) as simulator:
        yield simulator


@pytest.fixture
def examine(command):
    """The exit status, and the checks by name."""

    def run(**options):
        result = command("doctor", "--json", **options)
        told = json.loads(result.output)
        assert told["ok"] == (result.exit_code == 0)
        return result.exit_code, {check["name"]: check for check in told["checks"]}

    return run


def test_a_sound_installation_passes_every_check(examine, migrated_url, redis_url, quimbi):
    status, checks = examine(
        on=migrated_url,
        REDIS_URL=redis_url,
        QUIMBI_BASE_URL=quimbi.url,
        QUIMBI_API_KEY=KEY,
        CORS_ORIGINS="https://desk.example.com",
    )
    assert status == 0
    assert {check["result"] for check in checks.values()} == {"ok"}
    assert {f"quimbi {capability}" for capability in ("analyze", "predict_churn", "forecast_ltv")} <= set(
        checks
    )
    assert {"quimbi draft_reply", "quimbi recommend_actions", "quimbi health"} <= set(checks)
    assert checks["quimbi key"]["found"] == "a live key"


def test_a_start_with_nothing_set_is_not_wrong(command, sqlite_url):
    result = command("doctor", on=sqlite_url)
    assert result.exit_code == 0
    assert "Nothing is wrong" in result.output
    assert "skipped" in result.output


@pytest.mark.parametrize(("by_servers", "who"), [("true", "servers"), ("false", "workers alone")])
def test_events_that_nobody_tells_are_worth_a_look(examine, sqlite_url, by_servers, who):
    assert examine(on=sqlite_url, JOBS_IN_SERVER=by_servers)[1]["timed work"]["result"] == "ok"
    with running_desk({"DATABASE_URL": sqlite_url}) as desk:  # where no thread does timed work
        desk.new_ticket()
    check = examine(on=sqlite_url, JOBS_IN_SERVER=by_servers)[1]["timed work"]
    assert check["result"] == "look"
    assert who in check["found"]
    assert "flask --app wsgi worker" in check["cure"]


@pytest.mark.parametrize("quimbi", ["documented"], indirect=True)
def test_a_refused_key_is_wrong_for_each_capability_and_never_printed(examine, command, sqlite_url, quimbi):
    environment = {"QUIMBI_BASE_URL": quimbi.url, "QUIMBI_API_KEY": "qpk_live_of_somebody_else"}
    status, checks = examine(on=sqlite_url, **environment)
    assert status == 1
    refused = [check for check in checks.values() if check["found"] == "access_refused"]
    assert len(refused) == 6
    assert all("key" in check["cure"] for check in refused)
    output = command("doctor", on=sqlite_url, **environment).output
    assert "somebody_else" not in output
    assert "s3cr3t" not in output


def test_a_dead_redis_is_wrong(examine, sqlite_url, own_redis):
    url = own_redis.url
    own_redis.stop()
    status, checks = examine(on=sqlite_url, REDIS_URL=url)
    assert status == 1
    assert checks["redis"]["result"] == "wrong"


def test_a_database_that_is_away_is_wrong_and_the_rest_is_still_checked(examine):
    status, checks = examine(on="postgresql://desk:hunter2@127.0.0.1:1/desk")
    assert status == 1
    assert checks["database"]["result"] == "wrong"
    assert checks["migrations"]["result"] == "skipped"
    assert checks["stub draft_reply"]["result"] == "ok"
    assert "hunter2" not in json.dumps(checks)


def test_missing_migrations_are_wrong_and_the_cure_is_a_command(examine, tmp_path):
    status, checks = examine(on=f"sqlite:///{tmp_path}/new.db")
    assert status == 1
    assert checks["migrations"]["cure"] == "flask --app wsgi db upgrade"


def test_a_list_without_fallback_is_wrong(examine, sqlite_url):
    status, checks = examine(on=sqlite_url, INTELLIGENCE_PROVIDERS="stub")
    assert status == 1
    assert checks["fallback"]["result"] == "wrong"


def test_a_test_key_in_production_is_worth_a_look(examine, sqlite_url):
    _, checks = examine(
        on=sqlite_url,
        ENVIRONMENT="production",
        QUIMBI_API_KEY="qpk_test_0123456789",
        QUIMBI_BASE_URL="http://127.0.0.1:1",
        QUIMBI_MAX_RETRIES="0",
    )
    assert checks["quimbi key"]["result"] == "look"
    assert checks["callers"]["result"] == "wrong"
    assert checks["quimbi health"]["found"] == "unreachable"


def test_an_example_value_counts_as_no_key(examine, sqlite_url):
    _, checks = examine(on=sqlite_url, QUIMBI_API_KEY="your-api-key-here")
    assert checks["quimbi key"]["found"].startswith("an example value")


def test_a_log_file_that_cannot_be_written_is_wrong(sqlite_url, settings_for, logging_restored, tmp_path):
    app = create_app(settings_for(sqlite_url, LOG_FILE=str(tmp_path / "logs" / "app.log")))
    (tmp_path / "logs" / "app.log").unlink()
    (tmp_path / "logs" / "app.log").mkdir()
    result = app.test_cli_runner().invoke(args=["doctor"])
    assert result.exit_code == 1
    assert "Is a directory" in result.output


def test_a_key_in_the_database_is_a_caller(examine, command, sqlite_url):
    assert command("keys", "create", "web", "desk", on=sqlite_url).exit_code == 0
    _, checks = examine(on=sqlite_url, ENVIRONMENT="production")
    assert (checks["callers"]["result"], checks["callers"]["found"]) == ("ok", "keys in the database: 1")
