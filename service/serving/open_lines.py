"""An answer that goes on without a thread: its head is sent, and the connection is left to whoever writes."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from waitress.channel import ClientDisconnected
from waitress.task import WSGITask

from service.http.left_open import LEFT_OPEN, Line


class Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """`begin`: who writes on. Set only where the head was written."""

    begin: Callable[[Line], None] | None = None

    def finish(self) -> None:
        begin = (self.environ or {}).get(LEFT_OPEN)
        if begin is None:
            super().finish()
            return
        if not self.wrote_header:
            self.write(b"")
        self.begin = begin


class OpenLine:
    """Implements the port. `channel` keeps the request first in line, so that it reads no other."""

    def __init__(self, channel: Any, task: Task) -> None:
        self._channel = channel
        self._task = task

    def descriptor(self) -> int:
        found: int = self._channel.descriptor()
        return found

    def unsent(self) -> int:
        waiting: int = self._channel.total_outbufs_len
        return waiting

    def write(self, sent: bytes) -> None:
        with suppress(ClientDisconnected):
            self._task.write(sent)
            self._channel.send_now()

    def end(self) -> None:
        with suppress(ClientDisconnected):
            if self._task.chunked_response:
                self._channel.write_soon(b"0\r\n\r\n")
            self._channel.close_when_sent()

    def cut(self) -> None:
        self._channel.abandon()
