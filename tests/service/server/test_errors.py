import pytest

ORIGIN = "Origin: https://desk.example"


def ask(server, raw):
    connection = server.connect()
    connection.send(raw)
    return connection.reply()


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"\x00\x01 nonsense\r\n\r\n", 400),
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 300_000 + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_gets_a_problem(server, raw, status):
    reply = ask(server, raw)

    assert reply.status == status
    assert reply.problem["status"] == status
    assert set(reply.problem) == {"type", "title", "status", "detail", "instance", "request_id"}
    assert "server" not in reply.headers


def test_a_body_over_one_mebibyte_is_a_problem_that_a_listed_origin_may_read(server):
    body = b"a" * 10_000_000
    head = (
        f"POST /x HTTP/1.1\r\nHost: x\r\n{ORIGIN}\r\nX-Request-ID: r-1\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reply = ask(server, head.encode() + body)

    assert reply.problem["instance"] == "/x"
    assert reply.problem["request_id"] == reply.headers["x-request-id"] == "r-1"
    assert reply.problem["detail"] == "The request body is larger than 1 MiB."
    assert reply.headers["access-control-allow-origin"] == "https://desk.example"
    assert reply.headers["vary"] == "Origin"


def test_a_chunked_body_over_one_mebibyte_is_a_problem(server):
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert ask(server, head + chunk * 40 + b"0\r\n\r\n").problem["status"] == 413


def test_a_body_of_exactly_one_mebibyte_is_taken(server):
    body = b"a" * 1024 * 1024
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"

    assert ask(server, head.encode() + body).body == b"1048576"


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "https://desk.example, https://evil.example",
        "null",
        "\xff\x00",
        "https://desk.example/",
    ],
)
def test_an_origin_that_is_not_listed_is_not_allowed(server, origin):
    raw = f"POST / HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\nContent-Length: 9999999\r\n\r\n"

    assert "access-control-allow-origin" not in ask(server, raw.encode("latin-1")).headers


def test_a_fault_outside_the_application_tells_nothing(server):
    reply = server.get("/boom", ORIGIN)

    assert reply.problem["status"] == 500
    assert reply.problem["instance"] == "/boom"
    assert reply.headers["access-control-allow-origin"] == "https://desk.example"
    log = server.log.read_text()
    assert "builtins.LookupError" in log
    assert "ingredient" not in log
    assert "/boom" not in log
