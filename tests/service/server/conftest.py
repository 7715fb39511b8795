import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self):
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.reader = self.socket.makefile("rb")

    def send(self, raw: bytes):
        self.socket.sendall(raw)

    def get(self, path, *headers):
        self.send("\r\n".join([f"GET {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode())

    def reply(self) -> Reply:
        status = int(self.reader.readline().split()[1])
        headers = {}
        while line := self.reader.readline().strip():
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        return Reply(status, headers, self.reader.read(int(headers["content-length"])))

    def close(self):
        self.reader.close()
        self.socket.close()


class Served:
    def __init__(self, process, log):
        self.process = process
        self.log = log
        self.port = int(process.stdout.readline() or 0)
        self.connections = []

    def connect(self):
        self.connections.append(Connection(self.port))
        return self.connections[-1]

    def get(self, path, *headers):
        connection = self.connect()
        connection.get(path, *headers)
        return connection.reply()

    def events(self):
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def _start(log, *arguments):
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.service.server.tiny", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
    return Served(process, log)


def _stop(served):
    for connection in served.connections:
        connection.close()
    served.process.terminate()
    try:
        served.process.wait(8)
    except subprocess.TimeoutExpired:
        served.process.kill()
        served.process.wait()
    served.process.stdout.close()


@pytest.fixture
def tiny(tmp_path):
    """Starts `tests.service.server.tiny`; whatever still runs at the end is killed by pid."""
    started = []

    def start(*arguments):
        started.append(_start(tmp_path / f"log-{len(started)}", *arguments))
        return started[-1]

    yield start
    for served in started:
        _stop(served)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One process for tests that leave it as they found it."""
    served = _start(tmp_path_factory.mktemp("server") / "log")
    yield served
    _stop(served)
