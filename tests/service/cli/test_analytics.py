"""`flask --app wsgi analytics …`."""

import pytest

from service.app import create_app
from service.settings import Settings
from tests.service.cli.conftest import SECRET


@pytest.fixture
def app(sqlite_url, logging_restored):
    return create_app(
        Settings.parse(
            {"ENVIRONMENT": "test", "SECRET_KEY": SECRET, "DATABASE_URL": sqlite_url, "LOG_LEVEL": "ERROR"}
        )
    )


@pytest.mark.parametrize("name", ["rebuild", "seal", "status"])
def test_each_command_explains_itself(app, name):
    told = app.test_cli_runner().invoke(args=["analytics", name, "--help"])
    assert (told.exit_code, "Usage:" in told.output, "\\b" in told.output) == (0, True, False)


def test_status_seal_and_rebuild_say_what_they_did(app):
    def ran(*arguments):
        return app.test_cli_runner().invoke(args=["analytics", *arguments])

    assert "sealed      nothing" in ran("status").output
    assert ran("seal", "--before", "2020-01-01", "--quiet").output == "Sealed: all before 2020-01-01.\n"
    assert ran("seal", "--before", "2020-01-01").output == "That was sealed already.\n"
    assert "sealed      all before 2020-01-01, by command at" in ran("status").output
    tomorrow = ran("seal", "--before", "2199-01-01")
    assert (tomorrow.exit_code, "Only days that are over" in tomorrow.output) == (1, True)
    assert "0 events counted anew" in ran("rebuild").output
