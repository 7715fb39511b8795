"""What the faults happen to: PostgreSQL, Redis, the simulator, the bare app, the service in two processes."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import redis
import requests

from benchmarks.faults.simulator import Simulator
from benchmarks.processes import running
from service.database import normalise_url
from tests.conftest import migrate
from tests.servers import Postgres, Redis, postgres_server, redis_server

PROCESSES = 2
SIMULATOR_KEY = "qpk_test_simulator"
BARE_KEY = "customer_intel:bare"
PATIENCE_S = 40.0

NEW_CUSTOMERS = """
INSERT INTO customers (id, ref, external_ids, preferences, created_at, updated_at)
SELECT 'cust_' || n, 'bench' || n, '{}', '{}', now(), now() FROM generate_series(%s::int, %s::int) AS n
"""

OVERDUE = "UPDATE customer_snapshots SET refresh_due_since = now() WHERE customer_id = ANY(%s)"


def cache_key(customer_id: str) -> str:
    return f"customer_intel:{customer_id}"


@dataclass(frozen=True, slots=True)
class Served:
    """What a load is offered to. `log` is the service's."""

    port: int
    api_key: str
    log: Path

    def ask(self, path: str, body: Any = None, *, patience_s: float = PATIENCE_S) -> requests.Response:
        url = f"http://127.0.0.1:{self.port}{path}"
        method, headers = "GET" if body is None else "POST", {"X-API-Key": self.api_key}
        return requests.request(method, url, json=body, headers=headers, timeout=patience_s)

    def answer(self, path: str, body: Any = None) -> Any:
        reply = self.ask(path, body)
        reply.raise_for_status()
        return reply.json()

    def facts_of(self, customer_id: str) -> Any:
        return self.answer(f"/api/ai/customers/{customer_id}/intelligence")


@dataclass(slots=True)
class Stage:
    """`database_url` is as operators write it."""

    postgres: Postgres
    redis: Redis
    simulator: Simulator
    database_url: str
    directory: Path
    _api_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _customers: int = 100_000

    @contextmanager
    def service(self, **environment: str) -> Iterator[Served]:
        """Anew, on an empty Redis and a simulator that is well; the database stays as it was."""
        if self.redis.process is not None:
            self.empty_redis()
        self.simulator.reset()
        log = self.directory / "service.log"
        log.unlink(missing_ok=True)
        serve = ["wsgi.py", "--host", "127.0.0.1", "--port", "0", "--processes", str(PROCESSES)]
        with running(*serve, log=log, environment=self._environment | environment) as port:
            yield Served(port, self._api_key, log)

    @contextmanager
    def bare(self) -> Iterator[Served]:
        """The floor of `make bench`: bare Flask on waitress and one Redis GET, in one process."""
        log = self.directory / "bare.log"
        with redis.Redis.from_url(self.redis.url) as client:
            client.set(BARE_KEY, b"x" * 700)
        floor = ["-m", "benchmarks.floor", "--redis-port", str(self.redis.port), "--key", BARE_KEY]
        with running(*floor, log=log) as port:
            yield Served(port, "", log)

    def new_customers(self, count: int) -> list[str]:
        """Whom nobody has asked about."""
        first, self._customers = self._customers, self._customers + count
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(NEW_CUSTOMERS, [first, first + count - 1])
        return [f"cust_{number}" for number in range(first, first + count)]

    def let_run_out(self, customers: Sequence[str]) -> None:
        """What is known of them is overdue from now on, cached or kept."""
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            connection.execute(OVERDUE, [list(customers)])
        with redis.Redis.from_url(self.redis.url) as client:
            client.delete(*map(cache_key, customers))

    def empty_redis(self) -> None:
        with redis.Redis.from_url(self.redis.url) as client:
            client.flushall()

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "ENVIRONMENT": "test",
            "RATE_LIMIT_PER_MINUTE": "1000000000",  # counted, and never reached
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis.url,
            "BOOTSTRAP_API_KEYS": f"bench:desk:{hashlib.sha256(self._api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": "quimbi,fallback",
            "QUIMBI_BASE_URL": self.simulator.url,
            "QUIMBI_API_KEY": SIMULATOR_KEY,
            "QUIMBI_RATE_PER_MINUTE": "6000",  # the simulator has no quota to keep to
            "QUIMBI_RATE_PER_HOUR": "360000",
            "LOG_FILE": "",
            "CACHE_KEY_PREFIX": "",
            "DRAIN_TIMEOUT": "1",
        }


@contextmanager
def staged(directory: Path) -> Iterator[Stage]:
    """Everything listens on loopback or on a socket in its own directory, and ends with the block."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        database_url = stack.enter_context(postgres.new_database())
        migrate(normalise_url(database_url))
        server = stack.enter_context(redis_server())
        arguments = ["-m", "providers.testing.quimbi_simulator", "--port", "0", "--api-key", SIMULATOR_KEY]
        port = stack.enter_context(running(*arguments, log=directory / "simulator.log"))
        yield Stage(postgres, server, Simulator(port), database_url, directory)
