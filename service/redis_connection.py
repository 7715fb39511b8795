"""A connection to Redis that costs two system calls per command."""

import socket
import struct
from time import monotonic
from typing import Any

from redis.connection import Connection

TRUSTED_S = 0.05
"""A connection that answered so lately is used again without a look whether it is still there."""


class QuickConnection(Connection):
    """Every system call lets go of the interpreter's lock, and redis-py makes eight per command.

    The time limit is the kernel's, which costs nothing: Python's own is a `poll` before each read and
    write. redis-py looks at each connection that it takes from the pool, by three calls; here only at
    one that has not answered just now. One whose read failed is closed, never put back half read.
    """

    def __init__(self, *, socket_timeout: float, **options: Any) -> None:
        super().__init__(**options, socket_timeout=None)
        self._patience_s = socket_timeout
        self._answered_at = 0.0

    def _connect(self) -> socket.socket:
        connection: socket.socket = super()._connect()
        whole_s, rest_s = divmod(self._patience_s, 1)
        limit = struct.pack("@ll", int(whole_s), int(rest_s * 1_000_000))
        for direction in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            connection.setsockopt(socket.SOL_SOCKET, direction, limit)
        return connection

    def can_read(self, timeout: float = 0) -> bool:
        lately = monotonic() - self._answered_at < TRUSTED_S
        return False if lately and self.is_connected else super().can_read(timeout)

    def read_response(self, *arguments: Any, **options: Any) -> Any:
        response = super().read_response(*arguments, **options)
        self._answered_at = monotonic()
        return response
