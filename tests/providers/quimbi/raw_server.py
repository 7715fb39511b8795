"""A server that says exactly what it is told to, byte for byte, once per connection."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Script = Callable[[socket.socket], None]


@contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None, *, reads: bool = True) -> Iterator[int]:
    """Its port on loopback. `script` speaks when the request was read, or at once without `reads`."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=speak, args=(connection,)))
                threads[-1].start()

    def speak(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            spoken = tls.wrap_socket(connection, server_side=True) if tls else connection
            with spoken:
                if reads:
                    read_request(spoken)
                script(spoken)

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [accepting, *threads]:
            thread.join()


def read_request(connection: socket.socket) -> bytes:
    """Head and body. To close with a part unread would cut the connection."""
    with connection.makefile("rb") as lines:
        head = b"".join(iter(lines.readline, b"\r\n"))
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return head + lines.read(int(length[1]) if length else 0)


def saying(*parts: bytes) -> Script:
    return lambda connection: connection.sendall(b"".join(parts))


def dripping(start: bytes, drop: bytes, interval_s: float = 0.02, lasting_s: float = 3) -> Script:
    """`start`, then a drop at a time, for as long as the other side listens."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(start)
        until = time.monotonic() + lasting_s
        while time.monotonic() < until:
            connection.sendall(drop)
            time.sleep(interval_s)

    return drip
