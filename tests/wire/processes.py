"""Two processes of the real server, a Redis and a simulated Quimbi, for what holds over processes only."""

from collections.abc import Iterator
from contextlib import contextmanager

from providers.testing.quimbi_simulator import QuimbiSimulator
from tests.real_server import RealServer
from tests.wire.conftest import pointing_at

PROCESSES = 2
CONNECTIONS = 24
"""Enough that both processes get some: the kernel chooses anew for each connection."""


@contextmanager
def two_processes(
    database_url: str, quimbi: QuimbiSimulator, redis_url: str = "", **environment: str
) -> Iterator[RealServer]:
    server = RealServer(
        database_url, processes=PROCESSES, REDIS_URL=redis_url, **pointing_at(quimbi) | environment
    )
    server.start()
    try:
        yield server
    finally:
        server.kill()
