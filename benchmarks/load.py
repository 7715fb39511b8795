"""A load generator in a process of its own: keep-alive sockets, one thread each, bounded by time.

    python -m benchmarks.load --port 8000 --path /livez --connections 8 --seconds 3

`--requests FILE` in place of a path: a JSON list of [path, body], where a body makes a POST, or of [path,
body, method, kind]. The connections go through it one behind the other, each from a place of its own.

Prints one JSON object: requests, failures, requests per second, p50 and p99 in milliseconds; these two of
each kind, too (`p50_ms of KIND`).
"""

import argparse
import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any

LONGEST_S = 60.0
MOST_CONNECTIONS = 256


@dataclass(slots=True)
class Tally:
    """`durations_s`: with the kind of each."""

    durations_s: list[tuple[str, float]] = field(default_factory=list)
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    sent: bytes
    kind: str = ""


class Client(threading.Thread):
    def __init__(self, port: int, requests: Sequence[Request], until: float, *, first: int = 0) -> None:
        super().__init__()
        self._port = port
        self._requests = islice(cycle(requests), first, None)
        self._until = until
        self.tally = Tally()

    def run(self) -> None:
        while perf_counter() < self._until:
            try:
                with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._ask_again_and_again(connection)
            except (OSError, ValueError):
                self.tally.failures += 1

    def _ask_again_and_again(self, connection: socket.socket) -> None:
        while (began := perf_counter()) < self._until:
            request = next(self._requests)
            connection.sendall(request.sent)
            good, keep_alive = read_reply(connection)
            if good:
                self.tally.durations_s.append((request.kind, perf_counter() - began))
            else:
                self.tally.failures += 1
            if not keep_alive:
                return


def read_reply(connection: socket.socket) -> tuple[bool, bool]:
    """(status 2xx, connection stays open). Raises OSError where it is cut, ValueError without a length."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _receive(connection)
    head = received[:end].lower()
    start = head.index(b"content-length:") + len(b"content-length:")
    length = int(head[start:].split(b"\r\n", 1)[0])
    missing = end + 4 + length - len(received)
    while missing > 0:
        missing -= len(_receive(connection))
    return head.startswith(b"http/1.1 2"), b"connection: close" not in head


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionResetError
    return received


def request_to(
    port: int,
    path: str,
    *,
    api_key: str | None,
    header: str | None = None,
    body: Any = None,
    method: str | None = None,
) -> bytes:
    """As it is sent; with a body a POST, unless it says otherwise."""
    content = b"" if body is None else json.dumps(body).encode()
    verb = method or ("GET" if body is None else "POST")
    headers = [f"{verb} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if api_key:
        headers.append(f"X-API-Key: {api_key}")
    if header:
        headers.append(header)
    if content:
        headers += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*headers, "", ""]).encode() + content


def measure(
    port: int,
    asked: Sequence[Sequence[Any]],
    *,
    connections: int,
    seconds: float,
    api_key: str | None = None,
    header: str | None = None,
) -> dict[str, float]:
    requests = []
    for path, body, *more in asked:
        method, kind = more or (None, "")
        sent = request_to(port, path, api_key=api_key, header=header, body=body, method=method)
        requests.append(Request(sent, kind))
    connections = min(connections, MOST_CONNECTIONS)
    began = perf_counter()
    until = began + min(seconds, LONGEST_S)
    apart = max(1, len(requests) // connections)
    clients = [Client(port, requests, until, first=number * apart) for number in range(connections)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    took_s = perf_counter() - began
    durations_ms: dict[str, list[float]] = {}
    for client in clients:
        for kind, took in client.tally.durations_s:
            durations_ms.setdefault(kind, []).append(1000 * took)
    all_ms = sorted(chain.from_iterable(durations_ms.values()))
    figures = {
        "requests": len(all_ms),
        "failures": sum(client.tally.failures for client in clients),
        "per_second": round(len(all_ms) / took_s, 1),
        "p50_ms": round(quantile(all_ms, 0.50), 2),
        "p99_ms": round(quantile(all_ms, 0.99), 2),
    }
    for kind in filter(None, durations_ms):
        figures[f"p50_ms of {kind}"] = round(quantile(sorted(durations_ms[kind]), 0.50), 2)
        figures[f"p99_ms of {kind}"] = round(quantile(sorted(durations_ms[kind]), 0.99), 2)
    return figures


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/")
    parser.add_argument("--requests", type=Path, metavar="FILE")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--api-key")
    parser.add_argument("--header", help="one more, as it is sent: 'Name: value'")
    options = parser.parse_args()
    figures = measure(
        options.port,
        json.loads(options.requests.read_text()) if options.requests else [(options.path, None)],
        connections=options.connections,
        seconds=options.seconds,
        api_key=options.api_key,
        header=options.header,
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
