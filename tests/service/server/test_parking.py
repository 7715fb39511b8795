"""Two threads, one place: who asks for the same gives its thread back until the first one is done."""

import socket
import time
from concurrent.futures import Future

import pytest

from service.serving.parking import Parking

SHARED = "/api/ai/shared?takes=0.4"


def leading(server, path=SHARED):
    connection = server.connect()
    connection.get(path)
    time.sleep(0.1)
    return connection


def asking(server, count, path=SHARED):
    connections = [server.connect() for _ in range(count)]
    for connection in connections:
        connection.get(path)
    return connections


def spent_s(reply, ended):
    """Seconds that the request had waited before its last run."""
    assert reply.status == 200
    _length, rest = reply.body.split(b" ", 1)
    told, _, seconds = rest.rpartition(b" ")
    assert told == ended
    return float(seconds)


def test_those_who_wait_hold_no_thread(tiny):
    server = tiny()
    leader = leading(server)
    waiting = asking(server, 12)
    began = time.monotonic()
    assert server.get("/api/ai/other").status == 200
    assert time.monotonic() - began < 0.2
    assert leader.reply().body == b"0 landed 0.0"
    assert [connection.reply().body.split()[1] for connection in waiting] == [b"landed"] * 12
    assert int(server.get("/runs").body) == 1 + 2 * 12


def test_who_waits_is_not_overdue(tiny):
    server = tiny()
    leading(server, "/api/ai/shared?takes=0.8")
    [waiting] = asking(server, 1)
    assert spent_s(waiting.reply(), b"landed") > 0.5  # the lane's own limit is 0.3 s


def test_who_has_waited_long_enough_is_told_so(tiny):
    server = tiny()
    leading(server)
    [waiting] = asking(server, 1, SHARED + "&wait=0.1")
    assert 0.1 <= spent_s(waiting.reply(), b"in progress") < 0.35


def test_a_body_is_read_in_every_run(tiny):
    server = tiny()
    leading(server)
    waiting = server.connect()
    waiting.send(f"POST {SHARED} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello".encode())
    assert waiting.reply().body.startswith(b"5 landed")


def test_answers_keep_their_order_on_a_connection_that_stays_open(tiny):
    server = tiny()
    leading(server)
    waiting = server.connect()
    waiting.send(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in (SHARED, "/pid")))
    assert waiting.reply().body.split()[1] == b"landed"
    assert int(waiting.reply().body) == server.process.pid
    waiting.get("/livez")
    assert waiting.reply().status == 200


def test_a_request_whose_client_has_gone_is_dropped(tiny):
    server = tiny()
    leader = leading(server)
    [gone, waiting] = asking(server, 2)
    time.sleep(0.05)
    gone.close()
    assert leader.reply().status == waiting.reply().status == 200
    assert int(server.get("/runs").body) == 1 + 1 + 2
    leading(server, "/api/ai/shared?takes=0.5")  # and those who come later are still looked after
    [late] = asking(server, 1, SHARED + "&wait=0.1")
    assert spent_s(late.reply(), b"in progress") < 0.35


@pytest.mark.parametrize("processes", ["1", "2"])
def test_those_who_wait_are_answered_after_sigterm(tiny, processes):
    server = tiny("--processes", processes)
    leading(server)
    waiting = asking(server, 12)
    time.sleep(0.1)
    server.process.terminate()
    replies = [connection.reply() for connection in waiting]
    assert [reply.body.split()[1] for reply in replies] == [b"landed"] * 12
    assert {reply.headers["connection"] for reply in replies} == {"close"}
    assert server.process.wait(5) == 0


class Client:
    """A connection as the parking knows it."""

    def __init__(self, descriptor):
        self.descriptor = lambda: descriptor
        self.abandoned = 0

    def abandon(self):
        self.abandoned += 1


class Hands:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def connection():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours


@pytest.mark.parametrize("order", ["landed first", "late first", "landed before"])
def test_a_request_is_given_back_once(order, connection):
    resumed, clock, landing = [], Hands(), Future()
    parking = Parking(resumed.append, clock)
    channel = Client(connection.fileno())
    if order == "landed before":
        landing.set_result(None)
    parking.add(channel, landing, 2.0)
    parking.sweep()
    if order == "landed first":
        landing.set_result(None)
    clock.now += 2.0
    parking.sweep()
    if order == "late first":
        landing.set_result(None)
    assert resumed == [channel]
    assert len(parking) == 0


def test_a_closed_connection_is_not_given_back():
    resumed, landing, channel = [], Future(), Client(-1)
    parking = Parking(resumed.append, Hands())
    parking.add(channel, landing, 2.0)
    parking.sweep()
    landing.set_result(None)
    assert (resumed, channel.abandoned) == ([], 1)
