"""A client of server-sent events that may be cut off at any byte, as browsers are."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 15.0


@dataclass
class EventStream:
    """One connection. Only what was read whole is told, as the standard has it."""

    url: str
    ticket: str
    last_event_id: int | None = None
    query: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def __post_init__(self) -> None:
        address = urlsplit(self.url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S)
        self._raw = b""
        self._rest = b""
        last = "" if self.last_event_id is None else f"Last-Event-ID: {self.last_event_id}\r\n"
        asked = f"/api/events/stream?ticket={self.ticket}{self.query}"
        self._socket.sendall(f"GET {asked} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n".encode())
        while b"\r\n\r\n" not in self._raw:
            self._receive()
        head_came, _, self._raw = self._raw.partition(b"\r\n\r\n")
        status, *lines = head_came.decode("latin-1").split("\r\n")
        self.status = int(status.split()[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    def messages(self) -> Iterator[dict[str, Any]]:
        """Until the server ends it. Keeps `last_event_id`."""
        for name, told in self.events():
            if name == "message":
                yield told

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        while True:
            while b"\n\n" in self._rest:
                block, _, self._rest = self._rest.partition(b"\n\n")
                event = self._read(block.decode())
                if event is not None:
                    yield event
            if not self._next_chunk():
                return

    def close(self) -> None:
        self._socket.close()

    def _read(self, block: str) -> tuple[str, dict[str, Any]] | None:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if "id" in fields:
            self.last_event_id = int(fields["id"])
        return (fields.get("event", "message"), json.loads(fields["data"])) if "data" in fields else None

    def _next_chunk(self) -> bool:
        while b"\r\n" not in self._raw:
            if not self._receive():
                return False
        size, _, self._raw = self._raw.partition(b"\r\n")
        length = int(size, 16)
        while len(self._raw) < length + 2:
            if not self._receive():
                return False
        self._rest += self._raw[:length]
        self._raw = self._raw[length + 2 :]
        return length > 0

    def _receive(self) -> bool:
        came = self._socket.recv(65_536)
        self._raw += came
        return bool(came)
