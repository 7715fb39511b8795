"""Single commands to Redis with as little around them as they need."""

import threading
from typing import cast

from redis import ConnectionPool, Redis
from redis.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError


class ThreadCommands:
    """`GET` and `UNLINK` on a connection that each thread keeps; either may be asked twice.

    The client takes one from its pool for every command and first looks, in three system calls, whether
    the server has closed it. Each of them may hand the interpreter lock to another thread. Here the
    answer itself tells: a kept connection that turns out closed is opened anew, once.
    """

    def __init__(self, client: Redis) -> None:
        self._pool: ConnectionPool = client.connection_pool
        self._kept = threading.local()

    def get(self, key: str) -> bytes | None:
        """Raises `RedisError`; a connection that broke off in the middle is opened anew by the next."""
        return cast("bytes | None", self._answered("GET", key))

    def unlink(self, *keys: str) -> int:
        """How many there were. Raises `RedisError`."""
        return cast(int, self._answered("UNLINK", *keys))

    def _answered(self, *command: str) -> object:
        connection = self._connection()
        kept = connection.is_connected
        try:
            return _asked(connection, command)
        except RedisConnectionError:
            if not kept:
                raise
            return _asked(connection, command)

    def _connection(self) -> Connection:
        try:
            loan: _Loan = self._kept.loan
        except AttributeError:
            loan = self._kept.loan = _Loan(self._pool, self._pool.get_connection())
        return loan.connection


class _Loan:
    """A connection of the pool for as long as its thread lives."""

    def __init__(self, pool: ConnectionPool, connection: Connection) -> None:
        self._pool = pool
        self.connection = connection

    def __del__(self) -> None:
        self._pool.release(self.connection)


def _asked(connection: Connection, command: tuple[str, ...]) -> object:
    connection.send_command(*command)  # type: ignore[no-untyped-call]  # connects where it has to
    answer: object = connection.read_response()
    return answer
