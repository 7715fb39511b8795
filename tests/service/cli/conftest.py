import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from service.app import create_app
from service.settings import Settings
from service.telemetry.logging import lines

ROOT = Path(__file__).resolve().parents[3]
SECRET = "s3cr3t-" * 6
RUNS_WITHIN_S = 30
WITHOUT_STUB = {"QUIMBI_API_KEY", "ENVIRONMENT"}
"""Where these are told, the service chooses its providers by itself."""


def clean_environment():
    """What a process needs, and nothing that another shell may have set for the service."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}


@pytest.fixture
def sqlite_url(migrated_sqlite, tmp_path):
    return f"sqlite:///{shutil.copy(migrated_sqlite, tmp_path / 'desk.db')}"


@pytest.fixture
def logging_restored():
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    lines.open(None)
    logging.captureWarnings(False)
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture
def settings_for(tmp_path):
    def parse(url, **environment):
        defaults = {
            "ENVIRONMENT": "development",
            "SECRET_KEY": SECRET,
            "DATABASE_URL": url,
            "LOG_LEVEL": "ERROR",
            "LOG_FILE": str(tmp_path / "app.log"),
            "INTELLIGENCE_PROVIDERS": "stub,fallback" if environment.keys().isdisjoint(WITHOUT_STUB) else "",
        }
        return Settings.parse(defaults | environment)

    return parse


@pytest.fixture
def command(settings_for, logging_restored):
    """Runs a command of an application of its own: `command("jobs", "list", on=url, PORT="1")`."""

    def run(*arguments, on, **environment):
        app = create_app(settings_for(on, **environment))
        return app.test_cli_runner().invoke(args=arguments)

    return run


@pytest.fixture
def flask_process():
    """Runs `flask --app wsgi …` as a process in which every warning is an error."""

    def run(*arguments, **environment):
        return subprocess.run(
            [sys.executable, "-X", "dev", "-W", "error", "-m", "flask", "--app", "wsgi", *arguments],
            cwd=ROOT,
            env=clean_environment() | {"PYTHONPATH": str(ROOT)} | environment,
            capture_output=True,
            text=True,
            timeout=RUNS_WITHIN_S,
            check=False,
        )

    return run
