"""Many clients at the same moment: their requests are sent before the first answer is read."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.wire.raw import request

ANSWERED_WITHIN_S = 30


@dataclass
class Crowd:
    """Clients that have asked and not yet read."""

    connections: list[socket.socket]

    def answers(self) -> list[Any]:
        """Every body; each has to come with status 200."""
        return [_answer(connection) for connection in self.connections]


@contextmanager
def crowd(url: str, path: str, clients: int, *, method: str = "GET") -> Iterator[Crowd]:
    address = urlsplit(url)
    sent = request(method, path)
    with ExitStack() as stack:
        connections = [
            stack.enter_context(
                socket.create_connection((address.hostname, address.port), timeout=ANSWERED_WITHIN_S)
            )
            for _ in range(clients)
        ]
        for connection in connections:
            connection.sendall(sent)
        yield Crowd(connections)


def _answer(connection: socket.socket) -> Any:
    with connection.makefile("rb") as reader:
        status = reader.readline()
        assert b" 200 " in status, status
        while reader.readline().strip():
            pass
        return json.loads(reader.read())
