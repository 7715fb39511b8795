"""Calls of addresses that people entered, over real sockets on loopback."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from providers.testing.fakes import FakeClock
from service.clock import SystemClock
from service.outbound import AddressGuard, Allowed, OutboundFailed, OutboundSession, Reason
from tests.providers.quimbi.raw_server import Script, dripping, saying, serving

LOOPBACK = ("127.0.0.0/8",)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def session(
    allowed: Sequence[str] = LOOPBACK, lookup: Callable[..., object] | None = None
) -> OutboundSession:
    guard = AddressGuard(Allowed.parse(allowed), lookup) if lookup else AddressGuard(Allowed.parse(allowed))  # type: ignore[arg-type]
    return OutboundSession(guard, SystemClock())


def post(port: int, *, timeout_s: float = 2.0) -> object:
    return session().post(f"http://127.0.0.1:{port}/hook", b"{}", {"X-Told": "this"}, timeout_s=timeout_s)


@contextmanager
def nobody_may_come() -> Iterator[int]:
    """The port of a server that must not be connected to."""
    came = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                listener.accept()
                came.set()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        accepting.join()
    assert not came.is_set()


@pytest.mark.parametrize("status", [200, 204, 302, 400, 410, 429, 500, 503])
def test_a_status_is_told_whatever_it_is(status: int) -> None:
    reply = f"HTTP/1.1 {status} Any\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(saying(reply)) as port:
        answer = post(port)
    assert (answer.status, answer.retry_after_s) == (status, 7.0)
    assert answer.is_success == (status < 300)


@pytest.mark.parametrize("status", [204, 410, 503])
def test_a_retry_after_that_is_none_takes_nothing_from_the_answer(status: int) -> None:
    odd = "Thu, 1 Jan 2026 00:00:00 +99999999999999999999"
    reply = f"HTTP/1.1 {status} Any\r\nRetry-After: {odd}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(saying(reply)) as port:
        answer = post(port)
    assert (answer.status, answer.retry_after_s) == (status, None)


def test_a_redirect_is_not_followed() -> None:
    with nobody_may_come() as other:
        moved = f"HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{other}/\r\nContent-Length: 0\r\n\r\n"
        with serving(saying(moved.encode())) as port:
            assert post(port).status == 307


@pytest.mark.parametrize(
    "script",
    [
        dripping(b"", b"", lasting_s=0.3),
        dripping(b"", b"H"),
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
)
def test_a_slow_answer_ends_with_its_time(script: Script) -> None:
    began = time.monotonic()
    with serving(script) as port:
        with pytest.raises(OutboundFailed) as failed:
            post(port, timeout_s=0.15)
        assert time.monotonic() - began < 0.6
    assert failed.value.reason in {Reason.TIMEOUT, Reason.NO_HTTP}


def test_many_calls_at_once_to_one_host_warn_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with serving(saying(OK)) as port:
        sending = session()

        def send(_: int) -> int:
            return sending.post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=2).status

        with ThreadPoolExecutor(8) as at_once, caplog.at_level(logging.WARNING, logger="urllib3"):
            assert set(at_once.map(send, range(40))) == {200}
    assert caplog.messages == []


def test_the_body_of_an_answer_costs_nothing_however_large_or_slow_it_is() -> None:
    endless = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n", b"x" * 65536, 0.001)
    with serving(endless) as port:
        began = time.monotonic()
        assert post(port).status == 200
        assert time.monotonic() - began < 0.5


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"", Reason.NO_CONNECTION),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Reason.NO_HTTP),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", Reason.NO_HTTP),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", Reason.NO_HTTP),
    ],
)
def test_what_is_no_answer_is_told_by_its_reason(reply: bytes, reason: Reason) -> None:
    with serving(saying(reply)) as port, pytest.raises(OutboundFailed) as failed:
        post(port)
    assert failed.value.reason is reason


def test_a_closed_port_is_no_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(OutboundFailed) as failed:
        post(port)
    assert failed.value.reason is Reason.NO_CONNECTION


def test_a_server_without_tls_is_told_as_that() -> None:
    with serving(saying(OK), reads=False) as port, pytest.raises(OutboundFailed) as failed:
        session().post(f"https://127.0.0.1:{port}/", b"{}", {}, timeout_s=2)
    assert failed.value.reason is Reason.TLS


def test_a_name_that_is_not_known_is_told_as_that() -> None:
    def unknown(host: str, port: int) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(OutboundFailed) as failed:
        session(lookup=unknown).post("https://receiver.example/", b"{}", {}, timeout_s=2)
    assert failed.value.reason is Reason.NO_SUCH_NAME


CERTIFICATE = Path(__file__).parent.parent / "notifications" / "localhost.pem"
"""Of localhost, receiver.example and 127.0.0.1."""


def by_tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


def at(address: str) -> object:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443))]


def test_a_name_is_looked_up_once_and_a_second_answer_changes_nothing() -> None:
    """Rebinding: the first answer is good, all later ones lead inside."""
    answers, asked = iter(["127.0.0.1"]), []

    def lookup(host: str, wanted: int) -> object:
        asked.append(host)
        return at(next(answers, "127.0.0.2"))

    guard = AddressGuard(Allowed.parse(["127.0.0.1/32"]), lookup)  # type: ignore[arg-type]
    calls = OutboundSession(guard, SystemClock(), ca_file=str(CERTIFICATE))
    with serving(saying(OK), by_tls()) as port:
        url = f"https://receiver.example:{port}/"
        assert calls.post(url, b"{}", {}, timeout_s=2).status == 200
        assert asked == ["receiver.example"]
        with pytest.raises(OutboundFailed) as failed:
            calls.post(url, b"{}", {}, timeout_s=2)
    assert failed.value.reason is Reason.REFUSED


@pytest.mark.parametrize("host", ["receiver.example", "other.example"])
def test_a_certificate_is_held_against_the_name_and_not_the_address(host: str) -> None:
    """Trusted, it is still no other host's; and one that is not trusted is nobody's."""
    guard = AddressGuard(Allowed.parse(LOOPBACK), lambda name, port: at("127.0.0.1"))  # type: ignore[arg-type, return-value]
    with serving(saying(OK), by_tls()) as port:
        url = f"https://{host}:{port}/"
        calls = OutboundSession(guard, SystemClock(), ca_file=str(CERTIFICATE))
        if host == "receiver.example":
            assert calls.post(url, b"{}", {}, timeout_s=2).status == 200
        else:
            with pytest.raises(OutboundFailed) as failed:
                calls.post(url, b"{}", {}, timeout_s=2)
            assert failed.value.reason is Reason.TLS
        with pytest.raises(OutboundFailed) as failed:
            OutboundSession(guard, SystemClock()).post(url, b"{}", {}, timeout_s=2)
        assert failed.value.reason is Reason.TLS


def test_a_refused_address_is_never_connected_to() -> None:
    with nobody_may_come() as port:
        here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        for url in (
            f"http://127.0.0.1:{port}/",
            "https://receiver.example/",
            f"https://receiver.example:{port}/",
        ):
            with pytest.raises(OutboundFailed) as failed:
                session(allowed=(), lookup=lambda host, wanted: here).post(url, b"{}", {}, timeout_s=2)
            assert failed.value.reason is Reason.REFUSED


def test_neither_proxies_nor_netrc_change_where_it_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password something\n")
    with nobody_may_come() as proxy, serving(saying(OK)) as port:
        monkeypatch.setenv("NETRC", str(netrc))
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        assert post(port).status == 200


def test_a_time_to_try_again_may_be_a_date() -> None:
    clock = FakeClock()
    reply = b"HTTP/1.1 503 Busy\r\nRetry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n"
    with serving(saying(reply)) as port:
        guard = AddressGuard(Allowed.parse(LOOPBACK))
        answer = OutboundSession(guard, clock).post(f"http://127.0.0.1:{port}/", b"{}", {}, timeout_s=2)
    assert answer.retry_after_s is not None
    assert answer.retry_after_s > 1_000_000
