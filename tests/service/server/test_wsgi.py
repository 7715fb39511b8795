import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from tests.service.server.conftest import ROOT

ENVIRONMENT = {
    "ENVIRONMENT": "test",
    "SECRET_KEY": "a-secret-of-the-tests-that-is-long-enough",
    "INTELLIGENCE_PROVIDERS": "fallback",
    "PORT": "1",
    "LOG_FILE": "",
}


@pytest.fixture
def start(tmp_path):
    started = []

    def run(*arguments, **environment):
        environment = ENVIRONMENT | {"DATABASE_URL": f"sqlite:///{tmp_path / 'desk.db'}"} | environment
        process = subprocess.Popen(
            [sys.executable, "wsgi.py", *arguments],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_it_serves_where_a_flag_says_and_drains(start, processes):
    process = start("--port", "0", "--processes", processes)
    url = process.stdout.readline().strip().removeprefix("Ready on ").removesuffix(". Try:")
    with urllib.request.urlopen(f"{url}/livez", timeout=5) as reply:
        assert reply.status == 200
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0


def test_all_faults_of_the_settings_are_listed_without_a_traceback(start):
    process = start(PORT="x", SECRET_KEY="short")
    _, told = process.communicate(timeout=20)

    assert process.returncode == 2
    assert [line.partition(":")[0] for line in told.splitlines()[1:]] == ["PORT", "SECRET_KEY"]


def test_a_taken_port_is_told_in_one_line(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start("--port", str(taken.getsockname()[1]))
        _, told = process.communicate(timeout=20)

    assert process.returncode == 1
    assert len(told.splitlines()) == 1
    assert "is taken" in told
