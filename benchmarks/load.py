"""A load generator in a process of its own: keep-alive sockets, one thread each, bounded by time.

    python -m benchmarks.load --port 8000 --path /livez --connections 8 --seconds 3

Prints one JSON object: requests, failures, requests per second, p50 and p99 in milliseconds.
"""

import argparse
import json
import socket
import threading
from dataclasses import dataclass, field
from time import perf_counter

LONGEST_S = 60.0
MOST_CONNECTIONS = 256


@dataclass(slots=True)
class Tally:
    durations_s: list[float] = field(default_factory=list)
    failures: int = 0


class Client(threading.Thread):
    def __init__(self, port: int, request: bytes, until: float) -> None:
        super().__init__()
        self._port = port
        self._request = request
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
            connection.sendall(self._request)
            good, keep_alive = _read_reply(connection)
            if good:
                self.tally.durations_s.append(perf_counter() - began)
            else:
                self.tally.failures += 1
            if not keep_alive:
                return


def _read_reply(connection: socket.socket) -> tuple[bool, bool]:
    """(status 200, connection stays open). Raises OSError where it is cut, ValueError without a length."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        received += _receive(connection)
    head = received[:end].lower()
    start = head.index(b"content-length:") + len(b"content-length:")
    length = int(head[start:].split(b"\r\n", 1)[0])
    missing = end + 4 + length - len(received)
    while missing > 0:
        missing -= len(_receive(connection))
    return head.startswith(b"http/1.1 200"), b"connection: close" not in head


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionResetError
    return received


def measure(
    port: int, path: str, *, connections: int, seconds: float, api_key: str | None
) -> dict[str, float]:
    headers = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    if api_key:
        headers.append(f"X-API-Key: {api_key}")
    request = "\r\n".join([*headers, "", ""]).encode()
    began = perf_counter()
    until = began + min(seconds, LONGEST_S)
    clients = [Client(port, request, until) for _ in range(min(connections, MOST_CONNECTIONS))]
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
        "p50_ms": round(_quantile(durations_ms, 0.50), 2),
        "p99_ms": round(_quantile(durations_ms, 0.99), 2),
    }


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--api-key")
    options = parser.parse_args()
    figures = measure(
        options.port,
        options.path,
        connections=options.connections,
        seconds=options.seconds,
        api_key=options.api_key,
    )
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
