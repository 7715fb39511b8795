"""One set of figures, however many processes: the real service, and the port for monitoring alone."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.service.server.conftest import ROOT
from tests.service.server.test_wsgi import ENVIRONMENT

WITHIN_S = 10


class Service:
    def __init__(self, directory, arguments, environment):
        self.log = directory / "log"
        self.directory = directory
        with self.log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "wsgi.py", "--port", "0", *arguments],
                cwd=ROOT,
                env=os.environ | ENVIRONMENT | {"TMPDIR": str(directory)} | environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        said = self.process.stdout.readline()
        self.url = said.strip().removeprefix("Ready on ").removesuffix(". Try:")

    def events(self, name):
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in lines if line["event"] == name]

    def metrics_url(self):
        deadline = time.monotonic() + WITHIN_S
        while not (serving := self.events("serving")) and time.monotonic() < deadline:
            time.sleep(0.01)
        return f"http://127.0.0.1:{serving[0]['metrics_port']}/metrics"

    def scrape(self):
        """By name and values of the labels."""
        with urllib.request.urlopen(self.metrics_url(), timeout=5) as reply:
            text = reply.read().decode()
        return {
            (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    def alive(self):
        """Asks for the process's life, on a new connection."""
        with urllib.request.urlopen(f"{self.url}/livez", timeout=5) as reply:
            assert reply.status == 200

    def children(self):
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in listing.read_text().split()]

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(WITHIN_S)
        finally:
            self.process.kill()
            self.process.stdout.close()


@pytest.fixture
def serve(tmp_path, migrated_sqlite):
    started = []
    database = shutil.copy(migrated_sqlite, tmp_path / "desk.db")

    def start(*arguments, **environment):
        settings = {"DATABASE_URL": f"sqlite:///{database}", "METRICS_PORT": "0", "LOG_LEVEL": "INFO"}
        started.append(Service(tmp_path, arguments, settings | environment))
        return started[-1]

    yield start
    for service in started:
        service.stop()


LIVEZ = ("support_http_requests_total", "GET", "/livez", "200")


@pytest.mark.parametrize("processes", ["1", "2"])
def test_every_request_is_in_every_scrape_whichever_process_had_it(serve, processes):
    service = serve("--processes", processes)
    for _ in range(30):
        service.alive()

    assert {service.scrape()[LIVEZ] for _ in range(10)} == {30}
    figures = service.scrape()
    assert figures["support_lane_threads", "desk"] == 8 * int(processes)
    assert figures["support_process_restarts_total",] == 0


def test_a_process_that_dies_leaves_its_counts_and_its_state_goes(serve):
    service = serve("--processes", "2")
    for _ in range(30):
        service.alive()
    service.scrape()
    os.kill(service.children()[0], signal.SIGKILL)

    deadline = time.monotonic() + WITHIN_S
    while service.scrape()["support_lane_threads", "desk"] != 8 and time.monotonic() < deadline:
        time.sleep(0.005)
    assert service.scrape()[LIVEZ] == 30
    while service.scrape()["support_lane_threads", "desk"] != 16 and time.monotonic() < deadline:
        time.sleep(0.05)
    for _ in range(10):
        service.alive()

    figures = service.scrape()
    assert figures[LIVEZ] == 40
    assert figures["support_process_restarts_total",] == 1
    assert figures["support_lane_threads", "desk"] == 16


def test_the_figures_of_an_earlier_start_are_gone_and_so_are_the_files(serve, tmp_path):
    service = serve("--processes", "2")
    service.alive()
    assert len(list(tmp_path.glob("support-metrics-*"))) == 1
    assert service.stop() == 0
    assert list(tmp_path.glob("support-metrics-*")) == []

    again = serve("--processes", "2")
    assert LIVEZ not in again.scrape()


def test_the_port_for_monitoring_serves_figures_and_nothing_else(serve):
    service = serve()
    base = service.metrics_url().removesuffix("/metrics")
    with urllib.request.urlopen(f"{base}/api/tickets", timeout=5) as reply:
        assert reply.read().startswith(b"# HELP support_")


def test_a_taken_port_for_monitoring_names_its_own_setting(serve):
    taken = serve()
    port = taken.metrics_url().split(":")[2].partition("/")[0]
    second = serve(METRICS_PORT=port)
    assert second.process.wait(WITHIN_S) == 1
    assert f"Port {port} on 127.0.0.1 is taken; stop what uses it, or set METRICS_PORT." in (
        second.log.read_text()
    )
