"""Each way in which a call can fail, over real sockets, in our words."""

import gzip
import logging
import os
import socket
import traceback
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
import structlog

from providers.errors import (
    AccessRefused,
    CustomerNotFound,
    InvalidAnswer,
    ProviderError,
    ProviderFault,
    RateLimited,
    RequestRefused,
    Unreachable,
    UpstreamError,
)
from providers.quimbi.client import LARGEST_REPLY, QuimbiClient
from providers.testing.fakes import FakeClock
from providers.testing.quimbi_simulator import DEFAULT_API_KEY, Fault, QuimbiSimulator
from tests.providers.quimbi.raw_server import Script, dripping, read_request, saying, serving

ANALYZE = "/api/intelligence/analyze"
BODY = b'{"customer_id": "7003", "context": {"note": "private words"}}'


@pytest.fixture
def client(simulator: QuimbiSimulator, clock: FakeClock) -> Iterator[QuimbiClient]:
    client = QuimbiClient(simulator.url, DEFAULT_API_KEY, clock, pool_size=8)
    yield client
    client.close()


def failure_of(client: QuimbiClient, *, path: str = ANALYZE, body: bytes = BODY) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        client.post(path, body, 2)
    return caught.value


def failure_from(script: Script) -> ProviderError:
    with serving(script) as port:
        client = QuimbiClient(f"http://127.0.0.1:{port}", DEFAULT_API_KEY, FakeClock(), pool_size=1)
        failure = failure_of(client)
        client.close()
    return failure


def answered(status: str, body: str = "", *headers: str) -> Script:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body.encode())}", "Connection: close", *headers]
    return saying("\r\n".join([*lines, "", body]).encode())


def test_a_reply_is_a_json_object_with_exact_fractions(client: QuimbiClient) -> None:
    reply = client.post(ANALYZE, BODY, 2)
    assert reply["customer_id"] == "7003"
    assert Decimal in {
        type(value) for part in reply.values() if isinstance(part, dict) for value in part.values()
    }


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNAUTHORIZED, AccessRefused),
        (Fault.FORBIDDEN, AccessRefused),
        (Fault.CUSTOMER_NOT_FOUND, CustomerNotFound),
        (Fault.UNKNOWN_ROUTE, InvalidAnswer),
        (Fault.RATE_LIMITED, RateLimited),
        (Fault.UNPROCESSABLE, RequestRefused),
        (Fault.SERVER_ERROR, UpstreamError),
        (Fault.SERVER_ERROR_HTML, UpstreamError),
        (Fault.BAD_GATEWAY, UpstreamError),
        (Fault.UNAVAILABLE, UpstreamError),
        (Fault.GATEWAY_TIMEOUT, UpstreamError),
        (Fault.BROKEN_ROW, UpstreamError),
        (Fault.CUT, Unreachable),
        (Fault.CUT_BODY, Unreachable),
        (Fault.TRUNCATED_JSON, InvalidAnswer),
        (Fault.NAN, InvalidAnswer),
        (Fault.ERROR_IN_200, InvalidAnswer),
        (Fault.HUGE_BODY, InvalidAnswer),
        (Fault.EMPTY_BODY, InvalidAnswer),
        (Fault.REDIRECT, InvalidAnswer),
        (Fault.WRONG_CONTENT_TYPE, InvalidAnswer),
        (Fault.GARBAGE, InvalidAnswer),
    ],
)
def test_each_fault_has_its_error(
    client: QuimbiClient, simulator: QuimbiSimulator, fault: Fault, error: type[ProviderError]
) -> None:
    simulator.inject(fault)
    assert type(failure_of(client)) is error


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR_HTML, Fault.UNAUTHORIZED, Fault.CUT, Fault.REDIRECT])
def test_no_failure_tells_the_key_or_what_was_sent(
    client: QuimbiClient, simulator: QuimbiSimulator, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    simulator.inject(fault)
    told = "".join(traceback.format_exception(failure_of(client))) + caplog.text + repr(client)
    assert DEFAULT_API_KEY not in told
    assert "private words" not in told
    assert "<html" not in told.lower()


@pytest.mark.parametrize("shape", ["coded", "message_object", "text", "detail", "html", "empty"])
def test_a_server_error_of_any_shape_may_be_retried(
    client: QuimbiClient, simulator: QuimbiSimulator, shape: str
) -> None:
    """Item 6: an LLM's fault comes as 500 with whatever inside."""
    simulator.inject(Fault.SERVER_ERROR, shape=shape)
    assert failure_of(client).retryable


@pytest.mark.parametrize(
    "status", ["501 Not Implemented", "505 No", "520 Web server returns an unknown error"]
)
def test_other_server_faults_count_but_are_not_retried(status: str) -> None:
    failure = failure_from(answered(status))
    assert type(failure) is ProviderFault


@pytest.mark.parametrize("status", ["400 Bad Request", "405 No", "413 Too Large", "422 Unprocessable"])
def test_what_we_sent_is_at_fault_at_other_client_errors(status: str) -> None:
    assert type(failure_from(answered(status, '{"error": "Customer x not found"}'))) is RequestRefused


@pytest.mark.parametrize(
    "body",
    [
        '{"error": {"code": "CUSTOMER_NOT_FOUND", "message": "…", "details": {"customer_id": "x"}}}',
        '{"error": {"code": "HTTP_ERROR", "message": "Customer x not found", "details": {}}}',
        '{"error": {"message": {"detail": "Customer x y not found"}}}',
        '{"error": "Customer x not found"}',
        '{"detail": "customer x was Not Found"}',
        '{"error": "HTTP_ERROR", "message": "Customer x not found"}',
    ],
)
def test_an_unknown_customer_is_told_by_code_or_words(body: str) -> None:
    assert type(failure_from(answered("404 Not Found", body))) is CustomerNotFound


@pytest.mark.parametrize(
    "body",
    [
        *("", "<html>Customer x not found</html>", '{"detail": "Not Found"}', '"Not Found"', "[]", "{}"),
        *('{"error": {"code": "HTTP_ERROR", "message": "Not Found"}}', '{"error": ' * 900 + "1" + "}" * 900),
    ],
)
def test_any_other_404_is_an_unknown_route(body: str) -> None:
    assert type(failure_from(answered("404 Not Found", body))) is InvalidAnswer


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("60", 60),
        ("0", 0),
        (format_datetime(FakeClock().now() + timedelta(seconds=90), usegmt=True), 90),
        (format_datetime(FakeClock().now() - timedelta(seconds=90), usegmt=True), 0),
        *(
            (nonsense, None)
            for nonsense in ("", "soon", "-5", "1.5", "9" * 40, "Sat, 99 Jan 2026 10:00:00 GMT")
        ),
    ],
)
def test_a_pause_is_asked_for_in_seconds_or_as_a_date(stated: str, seconds: float | None) -> None:
    failure = failure_from(answered("429 Slow down", "", f"Retry-After: {stated}"))
    assert failure.retry_after_s == seconds


@pytest.mark.parametrize("as_date", [False, True])
def test_the_rate_limit_tells_its_pause(as_date: bool) -> None:
    clock = FakeClock()
    with QuimbiSimulator(clock=clock) as simulator:
        simulator.inject(Fault.RATE_LIMITED, retry_after_s=45, as_date=as_date)
        client = QuimbiClient(simulator.url, DEFAULT_API_KEY, clock, pool_size=1)
        assert failure_of(client).retry_after_s == pytest.approx(45, abs=1)
        client.close()


@pytest.mark.parametrize(
    "body",
    [
        *(
            "",
            "null",
            "[]",
            '"x"',
            "1",
            '{"a": NaN}',
            '{"a": Infinity}',
            '{"a": 1',
            "<html></html>",
            '{"a": "\\ud800"}',
        ),
        *('{"a": 1e99999999999999999999}', "[" * 100_000, '{"a": ' + "9" * 5000 + "}"),
        *('{"error": "x"}', '{"error": {"code": "X"}, "churn_risk": {"score": 0.1}}'),
    ],
)
def test_a_200_is_only_an_answer_when_its_body_parses_as_one(body: str) -> None:
    """Item 8 of what a running installation does."""
    assert type(failure_from(answered("200 OK", body))) is InvalidAnswer


@pytest.mark.parametrize("chunked", [False, True])
def test_a_reply_is_not_read_past_its_largest_size(
    client: QuimbiClient, simulator: QuimbiSimulator, chunked: bool
) -> None:
    simulator.inject(Fault.HUGE_BODY, size_bytes=8 * LARGEST_REPLY, chunked=chunked)
    assert str(failure_of(client)) == "the reply is too large"


def test_a_reply_without_end_is_left_at_its_largest_size() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    failure = failure_from(dripping(head, b"10000\r\n" + b" " * 65536 + b"\r\n", interval_s=0))
    assert type(failure) is InvalidAnswer


@pytest.mark.parametrize("digits", [19, 5_000])
def test_a_reply_that_says_it_is_larger_than_any_is_not_read(digits: int) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {'9' * digits}\r\n\r\n"
    failure = failure_from(saying(head.encode(), b'{"a": 1}'))
    assert (type(failure), str(failure)) == (InvalidAnswer, "the reply is too large")


def test_a_reply_that_is_small_only_while_compressed_is_too_large() -> None:
    packed = gzip.compress(b" " * 64 * LARGEST_REPLY)
    assert len(packed) < LARGEST_REPLY
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    assert type(failure_from(saying(head.encode(), packed))) is InvalidAnswer


@pytest.mark.parametrize(
    "said", [b"garbage\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200]
)
def test_what_is_no_http_is_not_believed_nor_asked_again(said: bytes) -> None:
    assert type(failure_from(saying(said))) is InvalidAnswer


def test_a_body_that_claims_a_compression_it_has_not_is_no_answer() -> None:
    assert type(failure_from(answered("200 OK", '{"a": 1}', "Content-Encoding: gzip"))) is InvalidAnswer


def test_no_connection_is_unreachable(clock: FakeClock) -> None:
    with serving(saying()) as port:
        pass
    assert (
        type(failure_of(QuimbiClient(f"http://127.0.0.1:{port}", "key", clock, pool_size=1))) is Unreachable
    )


def test_a_redirect_is_not_followed_with_the_key(simulator: QuimbiSimulator, client: QuimbiClient) -> None:
    simulator.inject(Fault.REDIRECT, times=1)
    assert type(failure_of(client)) is InvalidAnswer
    assert simulator.calls() == 1


def test_the_key_and_the_request_id_go_along(client: QuimbiClient, simulator: QuimbiSimulator) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        client.post(ANALYZE, BODY, 2)
    headers = {name.lower(): value for name, value in simulator.requests()[-1].headers.items()}
    assert headers["x-api-key"] == DEFAULT_API_KEY
    assert headers["x-request-id"] == "req-1"
    assert headers["content-type"] == "application/json"


def test_a_request_id_that_no_header_can_carry_stays_here(
    client: QuimbiClient, simulator: QuimbiSimulator
) -> None:
    with structlog.contextvars.bound_contextvars(request_id="a\r\nX-Evil: 1"):
        client.post(ANALYZE, BODY, 2)
    assert "x-request-id" not in {name.lower() for name in simulator.requests()[-1].headers}


def test_proxies_and_netrc_of_the_environment_are_not_heeded(
    client: QuimbiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert client.post(ANALYZE, BODY, 2)["customer_id"] == "7003"


def test_a_connection_is_kept_for_the_next_call(clock: FakeClock) -> None:
    connections = 0

    def twice(connection: socket.socket) -> None:
        nonlocal connections
        connections += 1
        said = b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nSet-Cookie: who=7003\r\n\r\n{"a": 1}'
        connection.sendall(said)
        assert b"Cookie" not in read_request(connection)
        connection.sendall(said)

    with serving(twice) as port:
        client = QuimbiClient(f"http://127.0.0.1:{port}", "key", clock, pool_size=1)
        assert client.post(ANALYZE, BODY, 2) == client.post(ANALYZE, BODY, 2) == {"a": 1}
        client.close()
    assert connections == 1


def test_a_forked_process_makes_connections_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    connections: list[socket.socket] = []

    def answer(connection: socket.socket) -> None:
        connections.append(connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}')
        connection.recv(1)

    with serving(answer) as port:
        client = QuimbiClient(f"http://127.0.0.1:{port}", "key", FakeClock(), pool_size=1)
        client.post(ANALYZE, BODY, 2)
        parent = os.getpid()
        with monkeypatch.context() as child:
            child.setattr(os, "getpid", lambda: parent + 1)
            client.post(ANALYZE, BODY, 2)
            client.close()
        client.close()
    assert len(connections) == 2
