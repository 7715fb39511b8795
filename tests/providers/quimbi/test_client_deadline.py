"""A call ends by its deadline, whatever the other side does, and leaves nothing behind."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from providers.errors import TimedOut, Unreachable
from providers.http.sockets import BoundedTlsSocket, connect, every_wait_within
from providers.quimbi.client import QuimbiClient
from providers.testing.fakes import FakeClock
from providers.testing.quimbi_simulator import DEFAULT_API_KEY, Fault, QuimbiSimulator
from tests.providers.quimbi.raw_server import Script, dripping, serving

ANALYZE = "/api/intelligence/analyze"
BODY = b'{"customer_id": "7003"}'
TIMEOUT_S = 0.15
SLACK_S = 0.35
"""For a busy machine; a call that is not bounded takes seconds."""


@contextmanager
def ending_in_time() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < TIMEOUT_S + SLACK_S


def client_of(url: str) -> QuimbiClient:
    return QuimbiClient(url, DEFAULT_API_KEY, FakeClock(), pool_size=2)


def times_out(client: QuimbiClient) -> None:
    with ending_in_time(), pytest.raises(TimedOut):
        client.post(ANALYZE, BODY, TIMEOUT_S)


@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIPPING_HEADER, Fault.DRIPPING_BODY, Fault.LATENCY])
def test_a_slow_answer_ends_with_the_deadline(deployed: QuimbiSimulator, fault: Fault) -> None:
    """Item 3 of what a running installation does: it has no timeout of its own."""
    parameters = {"interval_s": 0.02} if "dripping" in fault else {}
    deployed.inject(fault, **parameters)
    client = client_of(deployed.url)
    times_out(client)
    deployed.clear_faults()
    assert client.post(ANALYZE, BODY, 2)["customer_id"] == "7003"
    client.close()


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"", b"HTTP"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        dripping(b"HTTP/1.1 404 Not Found\r\n\r\n", b" "),
    ],
    ids=["status", "headers", "continue", "chunks", "error body"],
)
def test_dripping_of_any_kind_ends_with_the_deadline(script: Script) -> None:
    with serving(script) as port:
        client = client_of(f"http://127.0.0.1:{port}")
        times_out(client)
        client.close()


def test_a_tls_handshake_that_drips_ends_with_the_deadline() -> None:
    with serving(dripping(b"\x16\x03\x03\x40\x00", b"\x02"), reads=False) as port:
        client = client_of(f"https://127.0.0.1:{port}")
        times_out(client)
        client.close()


def test_no_tls_where_tls_is_asked_for_is_unreachable() -> None:
    with serving(dripping(b"HTTP/1.1 200 OK\r\n\r\n", b""), reads=False) as port, pytest.raises(Unreachable):
        client_of(f"https://127.0.0.1:{port}").post(ANALYZE, BODY, 2)


def without_certificates(side: int) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES256-SHA:@SECLEVEL=0")
    return context


def test_dripping_inside_tls_ends_with_the_deadline() -> None:
    context = without_certificates(ssl.PROTOCOL_TLS_CLIENT)
    context.sslsocket_class = BoundedTlsSocket
    with (
        serving(
            dripping(b"HTTP/1.1", b" "), without_certificates(ssl.PROTOCOL_TLS_SERVER), reads=False
        ) as port,
        every_wait_within(TIMEOUT_S),
        ending_in_time(),
        context.wrap_socket(connect("127.0.0.1", port, ())) as connection,
    ):
        connection.sendall(b"hello")
        with pytest.raises(TimeoutError):
            connection.makefile("rb").read()


def test_a_full_pipe_ends_with_the_deadline() -> None:
    with serving(lambda _: time.sleep(0.3), reads=False) as port:
        client = client_of(f"http://127.0.0.1:{port}")
        with ending_in_time(), pytest.raises(TimedOut):
            client.post(ANALYZE, b" " * 30_000_000, TIMEOUT_S)
        client.close()


@pytest.fixture
def stuck_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The system's name look-up hangs; yields the names it was asked for."""
    released, asked = threading.Event(), list[str]()
    resolve: Callable[..., object] = socket.getaddrinfo

    def hang(host: str, port: int, **options: object) -> object:
        asked.append(host)
        released.wait(5)
        return resolve("127.0.0.1", port, **options)

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield asked
    released.set()
    for thread in threading.enumerate():
        if thread.name == "provider-name-lookup":
            thread.join(1)


def test_a_name_look_up_that_hangs_ends_with_the_deadline_on_one_thread(stuck_resolver: list[str]) -> None:
    client = client_of("https://quimbi.example.com")
    for _ in range(3):
        times_out(client)
    assert stuck_resolver == ["quimbi.example.com"]
    assert [thread.name for thread in threading.enumerate()].count("provider-name-lookup") == 1


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable):
        client_of("https://quimbi.example.com").post(ANALYZE, BODY, 2)


def test_the_next_address_is_tried_when_one_refuses(
    deployed: QuimbiSimulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(deployed.url.rpartition(":")[2])
    addresses = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.2", 1)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
    client = client_of(f"http://quimbi.test:{port}")
    assert client.post(ANALYZE, BODY, 2)["customer_id"] == "7003"
    client.close()


def test_calls_that_time_out_leave_no_thread_and_no_call_behind(deployed: QuimbiSimulator) -> None:
    before = set(threading.enumerate())
    client = client_of(deployed.url)
    deployed.inject(Fault.HANG)
    callers = [threading.Thread(target=times_out, args=(client,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    client.close()
    deployed.clear_faults()
    until = time.monotonic() + 2
    while (left := set(threading.enumerate()) - before) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left
    assert deployed.in_flight == 0
