"""HTTP byte by byte, where a well-behaved client would mend the request first."""

import json
import socket
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.wire.desk import Desk

ANSWERS_WITHIN_S = 20


@dataclass(frozen=True)
class Reply:
    """Header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def problem(self) -> dict[str, Any]:
        """The body, checked to be what every error of the contract is."""
        assert self.headers["content-type"] == "application/problem+json", self.body[:300]
        problem: dict[str, Any] = json.loads(self.body)
        assert problem["status"] == self.status
        assert {"type", "title", "detail", "instance", "request_id"} <= set(problem)
        assert problem["detail"].endswith("."), problem["detail"]
        return problem


def request(
    method: str, target: str, body: bytes = b"", *, host: str = "127.0.0.1", headers: tuple[str, ...] = ()
) -> bytes:
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    if body or method not in {"GET", "HEAD", "OPTIONS"}:
        head.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def chunked(method: str, target: str, body: bytes, *, headers: tuple[str, ...] = ()) -> bytes:
    head = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    pieces = [body[at : at + 0x10000] for at in range(0, len(body), 0x10000)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return "\r\n".join([*head, "Transfer-Encoding: chunked", "", ""]).encode() + framed + b"0\r\n\r\n"


def ask(desk: Desk, sent: bytes) -> Reply:
    port = urlsplit(desk.url).port
    with socket.create_connection(("127.0.0.1", port), timeout=ANSWERS_WITHIN_S) as connection:
        connection.sendall(sent)
        with connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            headers = {}
            while line := answer.readline().strip():
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = answer.read(int(headers.get("content-length", 0))) if sent[:4] != b"HEAD" else b""
    return Reply(status, headers, body)
