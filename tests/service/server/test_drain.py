import os
import signal
import time

import pytest

from tests.service.server.conftest import Connection

DRAIN_TIMEOUT_S = 5
"""Of the server in `tiny.py`."""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_requests_in_flight_are_answered_after_sigterm(tiny, processes):
    server = tiny("--processes", processes)
    connections = [server.connect() for _ in range(8)]
    for connection in connections:
        connection.get("/slow")
    time.sleep(0.1)
    server.process.terminate()

    replies = [connection.reply() for connection in connections]

    assert [reply.status for reply in replies] == [200] * 8
    assert {reply.headers["connection"] for reply in replies} == {"close"}
    assert server.process.wait(5) == 0


def test_queued_requests_are_answered_too(tiny):
    server = tiny()
    connections = [server.connect() for _ in range(20)]
    for connection in connections:
        connection.get("/slow")
    time.sleep(0.1)
    server.process.terminate()

    assert [connection.reply().status for connection in connections] == [200] * 20


def test_an_idle_connection_does_not_hold_up_the_end(tiny):
    server = tiny()
    idle = server.connect()
    idle.get("/")
    idle.reply()
    began = time.monotonic()
    server.process.terminate()

    assert server.process.wait(5) == 0
    assert time.monotonic() - began < DRAIN_TIMEOUT_S / 2


def test_the_listener_is_closed_at_once(tiny):
    server = tiny()
    server.connect().get("/slow")
    time.sleep(0.1)
    server.process.terminate()
    time.sleep(0.1)

    with pytest.raises(ConnectionRefusedError):
        Connection(server.port)


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_second_signal_stops_at_once(tiny, processes):
    server = tiny("--processes", processes)
    server.connect().get("/api/ai/hang")
    time.sleep(0.1)
    server.process.terminate()
    time.sleep(0.1)
    began = time.monotonic()
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(5) != 0
    assert time.monotonic() - began < DRAIN_TIMEOUT_S / 2


def test_processes_that_are_all_signalled_still_drain(tiny):
    server = tiny("--processes", "2")
    connection = server.connect()
    connection.get("/slow")
    pids = {int(server.get("/pid").body) for _ in range(12)}
    for pid in [server.process.pid, *pids]:
        os.kill(pid, signal.SIGTERM)

    assert connection.reply().status == 200
    assert server.process.wait(5) == 0
