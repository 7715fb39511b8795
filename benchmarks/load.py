"""A load generator in a process of its own: keep-alive sockets, one thread each, bounded by time.

    python -m benchmarks.load --port 8000 --path /livez --connections 8 --seconds 3

`--requests FILE` in place of a path: a JSON list of [path, body], where a body makes a POST. The connections
go through it one behind the other.

Prints one JSON object: requests, failures, requests per second, p50 and p99 in milliseconds.
"""

import argparse
import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import Any

LONGEST_S = 60.0
MOST_CONNECTIONS = 256


@dataclass(slots=True)
class Tally:
    durations_s: list[float] = field(default_factory=list)
    failures: int = 0


class Client(threading.Thread):
    def __init__(self, port: int, requests: Sequence[bytes], until: float, *, first: int = 0) -> None:
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
            connection.sendall(next(self._requests))
            good, keep_alive = read_reply(connection)
            if good:
                self.tally.durations_s.append(perf_counter() - began)
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
    port: int, path: str, *, api_key: str | None, header: str | None = None, body: Any = None
) -> bytes:
    """As it is sent; with a body a POST."""
    content = b"" if body is None else json.dumps(body).encode()
    headers = [f"{'GET' if body is None else 'POST'} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if api_key:
        headers.append(f"X-API-Key: {api_key}")
    if header:
        headers.append(header)
    if content:
        headers += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*headers, "", ""]).encode() + content


def measure(
    port: int,
    asked: Sequence[tuple[str, Any]],
    *,
    connections: int,
    seconds: float,
    api_key: str | None = None,
    header: str | None = None,
) -> dict[str, float]:
    requests = [request_to(port, path, api_key=api_key, header=header, body=body) for path, body in asked]
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
    durations_ms = sorted(1000 * took for client in clients for took in client.tally.durations_s)
    return {
        "requests": len(durations_ms),
        "failures": sum(client.tally.failures for client in clients),
        "per_second": round(len(durations_ms) / took_s, 1),
        "p50_ms": round(quantile(durations_ms, 0.50), 2),
        "p99_ms": round(quantile(durations_ms, 0.99), 2),
    }


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
