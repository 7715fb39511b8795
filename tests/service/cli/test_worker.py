import signal
import subprocess
import sys
import threading
import time

import pytest
import requests
from sqlalchemy import create_engine

from service.app import create_app
from service.database import Database, engine_options, normalise_url
from tests.service.cli.conftest import ROOT, RUNS_WITHIN_S, SECRET, clean_environment
from tests.service.feed.desks import happen, positions

POLL_S = 0.02


@pytest.fixture
def worker(sqlite_url):
    environment = {
        "ENVIRONMENT": "test",
        "SECRET_KEY": SECRET,
        "DATABASE_URL": sqlite_url,
        "INTELLIGENCE_PROVIDERS": "fallback",
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--metrics-port", "0"],
        cwd=ROOT,
        env=clean_environment() | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_worker_does_the_work_of_all_until_it_is_told_to_stop(worker, sqlite_url):
    metrics = worker.stdout.readline().removeprefix("Metrics on ").strip(" .\n")
    assert worker.stdout.readline() == "Working.\n"
    url = normalise_url(sqlite_url)
    database = Database(create_engine(url, **engine_options(url)))
    happen(database, "t1", "t2")
    give_up_at = time.monotonic() + RUNS_WITHIN_S
    while not positions(database):
        assert time.monotonic() < give_up_at
        time.sleep(POLL_S)
    assert positions(database) == [1, 2]
    database.close()
    told = requests.get(f"http://{metrics}/metrics", timeout=RUNS_WITHIN_S).text
    assert 'support_job_runs_total{job_name="number-events",outcome="done"}' in told
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(RUNS_WITHIN_S) == 0


def test_a_worker_needs_the_schema(command, tmp_path):
    refused = command("worker", on=f"sqlite:///{tmp_path}/new.db")
    assert (refused.exit_code, "db upgrade" in refused.output) == (1, True)


def test_the_command_explains_itself(command, sqlite_url):
    told = command("worker", "--help", on=sqlite_url).output
    for word in ("SIGTERM", "JOBS_IN_SERVER", "DRAIN_TIMEOUT", "--metrics-port"):
        assert word in told


@pytest.mark.usefixtures("logging_restored")
@pytest.mark.parametrize(("setting", "works"), [("true", True), ("false", False)])
def test_servers_leave_the_work_to_workers_where_they_are_told_so(settings_for, sqlite_url, setting, works):
    app = create_app(settings_for(sqlite_url, JOBS_IN_SERVER=setting))
    lifecycle = app.extensions["support.lifecycle"]
    lifecycle.start()
    names = {thread.name for thread in threading.enumerate()}
    lifecycle.stop()
    assert "jobs-here" in names
    assert ({"jobs", "outbox-log"} <= names) is works
