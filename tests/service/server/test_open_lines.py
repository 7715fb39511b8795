"""Answers that go on: they hold no thread, and whoever takes them slowly holds up nobody."""

import json
import select
import time
from pathlib import Path

import pytest

MEBIBYTE = 2**20


@pytest.fixture(autouse=True)
def ended(request):
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").get("/end")


def opened(server, count=1, version="1.1", *, known=True):
    """Connections whose answers have begun. `known`: to the one process that writes them on."""
    connections = [server.connect() for _ in range(count)]
    for connection in connections:
        connection.send(f"GET /open HTTP/{version}\r\nHost: x\r\n\r\n".encode())
    for connection in connections:
        assert connection.reader.readline().split()[1] == b"200"
        while connection.reader.readline().strip():
            pass
    if known:
        until(lambda: int(server.get("/lines").body) == count)
    return connections


def say(server, said):
    connection = server.connect()
    connection.send(f"POST /say HTTP/1.1\r\nHost: x\r\nContent-Length: {len(said)}\r\n\r\n".encode() + said)
    return json.loads(connection.reply().body)


def chunk(connection):
    size = int(connection.reader.readline(), 16)
    content = connection.reader.read(size)
    assert connection.reader.readline() == b"\r\n"
    return content


def until(true, patience_s=5.0):
    give_up_at = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < give_up_at
        select.select([], [], [], 0.01)


def test_what_is_written_comes_at_once_and_in_order(server):
    [connection] = opened(server)
    for said in (b"one", b"two"):
        say(server, said)
        assert chunk(connection) == said


def test_open_answers_hold_no_thread(server):
    connections = opened(server, 40)  # the lane has eight threads
    assert server.get("/pid").status == 200
    say(server, b"to all")
    assert {chunk(connection) for connection in connections} == {b"to all"}


def test_an_ended_answer_is_complete_and_closes_its_connection(server):
    [connection] = opened(server)
    say(server, b"last")
    server.get("/end")
    assert (chunk(connection), chunk(connection)) == (b"last", b"")
    assert connection.reader.read() == b""


def test_a_client_of_http_1_0_gets_the_bytes_as_they_are(server):
    [connection] = opened(server, version="1.0")
    say(server, b"plainly")
    server.get("/end")
    assert connection.reader.read() == b"plainly"


def test_a_slow_client_is_waited_for_by_nobody_and_gets_all(server):
    slow, quick = opened(server, 2)
    server.get(f"/say?size={8 * MEBIBYTE}")
    assert len(chunk(quick)) == 8 * MEBIBYTE
    [of_quick, unsent] = sorted(say(server, b"y"))
    assert of_quick < 1000 < unsent
    assert chunk(quick) == b"y"
    assert len(chunk(slow)) == 8 * MEBIBYTE
    assert chunk(slow) == b"y"
    until(lambda: say(server, b"z") == [0, 0])


def test_a_stalled_client_costs_the_loop_nothing(server):
    opened(server)
    server.get(f"/say?size={8 * MEBIBYTE}")
    before = processor_s(server)
    select.select([], [], [], 0.4)
    assert processor_s(server) - before < 0.2


def processor_s(server):
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_it_is_seen_that_a_client_has_gone(server):
    gone, there = opened(server, 2)
    gone.close()
    until(lambda: sorted(say(server, b"x")) == [-1, 0])
    assert chunk(there) == b"x"


def test_a_second_request_on_such_a_connection_waits_in_vain(server):
    [connection] = opened(server)
    connection.get("/pid")
    say(server, b"x")
    assert chunk(connection) == b"x"
    server.get("/end")
    assert chunk(connection) == b""


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_drain_ends_open_answers_at_once(tiny, processes):
    server = tiny("--processes", processes)
    connections = opened(server, 6, known=False)
    began = time.monotonic()
    server.process.terminate()
    assert {chunk(connection) for connection in connections} == {b""}
    assert server.process.wait(5) == 0
    assert time.monotonic() - began < 2
