"""A desk on PostgreSQL that two processes serve, and what it says of itself afterwards."""

import hashlib
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.assign.contents import PROVIDERS, Contents
from benchmarks.processes import running
from service.engines import normalise_url
from service.testing.desk import migrate
from tests.servers import Postgres

PROCESSES = 2
BEGUN_WITHIN_S = 30.0

PROMISES_BEGUN = "SELECT count(*) FROM service_level_state WHERE made_with <> ''"
PROMISES_LEFT_OUT = "DELETE FROM service_level_renewals"

BEYOND_CAPACITY = """
SELECT count(*) FROM (
    SELECT agents.id FROM agents JOIN tickets ON tickets.assigned_to = agents.id
    WHERE tickets.status IN ('open', 'pending') AND tickets.deleted_at IS NULL
    GROUP BY agents.id, agents.capacity HAVING count(*) > agents.capacity
) AS those
"""
MISCOUNTED = """
SELECT count(*) FROM agents
LEFT JOIN agent_loads ON agent_loads.agent_id = agents.id
WHERE coalesce(agent_loads.tickets, 0) <> (
    SELECT count(*) FROM tickets
    WHERE assigned_to = agents.id AND status IN ('open', 'pending') AND deleted_at IS NULL
)
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A served one. `url`: of its database."""

    contents: Contents
    port: int
    api_key: str
    url: str
    directory: Path

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    def ask(self, statement: str, *values: Any) -> Any:
        """The first column of the first row."""
        return self.rows(statement, *values)[0][0]

    def execute(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode(), values)

    def faults(self) -> Sequence[str]:
        """What is not as it has to be, in words."""
        beyond, miscounted = self.ask(BEYOND_CAPACITY), self.ask(MISCOUNTED)
        return [
            *([f"{beyond} agents beyond their capacity"] if beyond else ()),
            *([f"{miscounted} agents whose load is not that of their tickets"] if miscounted else ()),
        ]


@contextmanager
def served(server: Postgres, contents: Contents, directory: Path) -> Iterator[Desk]:
    api_key = secrets.token_urlsafe(24)
    with server.new_database() as url:
        migrate(normalise_url(url))
        contents.write(url)
        environment = {
            "ENVIRONMENT": "test",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": url,
            "REDIS_URL": "",
            "BOOTSTRAP_API_KEYS": f"bench:desk:{hashlib.sha256(api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": PROVIDERS,
            "RATE_LIMIT_PER_MINUTE": "1000000000",  # counted, and never reached
            "LOG_FILE": "",
            "DRAIN_TIMEOUT": "1",
        }
        serve = ["wsgi.py", "--host", "127.0.0.1", "--port", "0", "--processes", str(PROCESSES)]
        log = directory / f"service-{secrets.token_hex(4)}.log"
        with running(*serve, log=log, environment=environment) as port:
            desk = Desk(contents, port, api_key, url, directory)
            _leave_out_old_promises(desk)
            yield desk


def _leave_out_old_promises(desk: Desk) -> None:
    """A desk that is new to service levels makes promises to all its open tickets, once and for minutes."""
    give_up_at_s = time.monotonic() + BEGUN_WITHIN_S
    while not desk.ask(PROMISES_BEGUN):
        if time.monotonic() > give_up_at_s:
            raise RuntimeError(f"the desk made no promises in {BEGUN_WITHIN_S:.0f} s")
        time.sleep(0.1)
    desk.execute(PROMISES_LEFT_OUT)
