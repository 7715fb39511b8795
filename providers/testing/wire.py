"""HTTP/1.1 over plain sockets, close enough to them to misbehave."""

import contextlib
import math
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from typing import Any, NoReturn

from providers.testing.replies import Reply

LARGEST_REQUEST_BYTES = 10 * 1024 * 1024
LONGEST_LINE_BYTES = 64 * 1024
POLL_S = 0.05


class Departed(ConnectionError):
    """Nobody is left to answer: the client went away or the server is closing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Header names are lower-case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    raw: bytes
    address: str


class Wire:
    """One client's connection while one request of it is answered."""

    def __init__(self, connection: socket.socket, closing: threading.Event) -> None:
        self._connection = connection
        self._closing = closing
        self.keep_alive = True

    def send(self, reply: Reply) -> None:
        self.write(reply.head(keep_alive=self.keep_alive) + reply.payload())

    def write(self, raw: bytes) -> None:
        self._connection.sendall(raw)

    def wait(self, seconds: float, released: threading.Event) -> None:
        """Wait for `seconds` or until `released`. Raises `Departed`."""
        until_s = time.monotonic() + seconds
        while not released.is_set() and (remaining_s := until_s - time.monotonic()) > 0:
            released.wait(min(remaining_s, POLL_S))
            if self._closing.is_set() or self._client_is_gone():
                raise Departed

    def wait_for_ever(self, released: threading.Event) -> None:
        self.wait(math.inf, released)

    def drip(self, raw: bytes, interval_s: float, released: threading.Event) -> None:
        """A byte at a time; the rest at once when `released`."""
        for at in range(len(raw)):
            if released.is_set():
                self.write(raw[at:])
                return
            self.write(raw[at : at + 1])
            self.wait(interval_s, released)

    def cut(self, *, reset: bool) -> NoReturn:
        """End the connection without another byte, by RST where `reset`, else by FIN. Raises `Departed`."""
        if reset:
            no_linger = struct.pack("ii", 1, 0)
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
        raise Departed

    def _client_is_gone(self) -> bool:
        try:
            return not self._connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True


Responder = Callable[[Request, Wire], None]


class WireServer(socketserver.TCPServer):
    """A thread per connection. Closing ends every connection, hung ones included, and joins the threads."""

    allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], respond: Responder) -> None:
        self.respond = respond
        self.closing = threading.Event()
        self._served: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Connection)
        self._acceptor = threading.Thread(target=self.serve_forever, args=(POLL_S,), daemon=True)

    def start(self) -> None:
        self._acceptor.start()

    def close(self) -> None:
        if self.closing.is_set():
            return
        self.closing.set()
        if self._acceptor.is_alive():
            self.shutdown()
            self._acceptor.join()
        self.server_close()
        with self._lock:
            served = dict(self._served)
        for connection in served:
            with contextlib.suppress(OSError):  # the client was quicker
                connection.shutdown(socket.SHUT_RDWR)
        for thread in served.values():
            thread.join()

    def process_request(self, request: Any, client_address: Any) -> None:
        thread = threading.Thread(target=self._serve, args=(request, client_address), daemon=True)
        with self._lock:
            self._served[request] = thread
        thread.start()

    def _serve(self, connection: socket.socket, client_address: Any) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                self.finish_request(connection, client_address)
        finally:
            self.close_request(connection)
            with self._lock:
                del self._served[connection]


class _Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True
    server: WireServer

    def handle(self) -> None:
        while (line := self.rfile.readline(LONGEST_LINE_BYTES)).strip():
            wire = Wire(self.connection, self.server.closing)
            try:
                request = self._read(line, wire)
            except (ValueError, HTTPException):
                wire.keep_alive = False
                wire.send(Reply.of(400, {"detail": "There was an error parsing the request"}))
                return
            self.server.respond(request, wire)
            if not wire.keep_alive:
                return

    def _read(self, line: bytes, wire: Wire) -> Request:
        """Raises `ValueError` or `HTTPException` for what is not HTTP, or too long, or chunked."""
        method, target, version = line.decode("latin-1").split()
        headers = {name.lower(): value for name, value in parse_headers(self.rfile).items()}
        length = int(headers.get("content-length", "0"))
        if not 0 <= length <= LARGEST_REQUEST_BYTES or "transfer-encoding" in headers:
            raise ValueError("a body of a stated length within bounds is required")
        wire.keep_alive = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
        path, _, query = target.partition("?")
        return Request(
            method=method,
            path=path,
            query=query,
            headers=headers,
            raw=self.rfile.read(length),
            address=str(self.client_address[0]),
        )
