"""Desks of different sizes side by side: a database each, and a service of one process on each."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.inbox.contents import PROVIDER, Contents
from benchmarks.inbox.loading import load_postgresql, load_sqlite
from benchmarks.processes import running
from service.engines import normalise_url
from service.testing.desk import migrate
from service.tickets.scoring import Weights
from tests.servers import postgres_server, redis_server

SIMULATOR_KEY = "qpk_test_simulator"
COPIED_FROM = 50_000
"""Larger desks are copies of one of this size: the database writes rows faster than Python makes them."""

FLOOR_KEY = "customer_intel:bare"
REDIS_DATABASES = 16


@dataclass(frozen=True, slots=True)
class Desk:
    """A served one. `tickets`: ids of open ones; `customers`: how many there are, `cust_0` and on."""

    size: int
    port: int
    api_key: str
    tickets: Sequence[str]
    customers: int

    @property
    def name(self) -> str:
        return f"{self.size:,}"


@dataclass(frozen=True, slots=True)
class Around:
    """What all desks share: a Redis, and a Quimbi that knows customers."""

    redis_port: int
    simulator_port: int
    directory: Path

    @contextmanager
    def served(self, size: int, url: str, contents: Contents, *, redis_database: int) -> Iterator[Desk]:
        api_key = secrets.token_urlsafe(24)
        environment = {
            "ENVIRONMENT": "test",
            "RATE_LIMIT_PER_MINUTE": "1000000000",  # counted, and never reached
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/{redis_database % REDIS_DATABASES}",
            "BOOTSTRAP_API_KEYS": f"bench:desk:{hashlib.sha256(api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": f"{PROVIDER},fallback",
            "INTELLIGENCE_CACHE_TTL": "86400",  # no facts become outdated while the bench runs
            "QUIMBI_BASE_URL": f"http://127.0.0.1:{self.simulator_port}",
            "QUIMBI_API_KEY": SIMULATOR_KEY,
            "LOG_FILE": "",
            "CACHE_KEY_PREFIX": "",
            "DRAIN_TIMEOUT": "1",
            "JOBS_IN_SERVER": "false",  # what requests take; under such a load workers do the rest
        }
        serve = ["wsgi.py", "--host", "127.0.0.1", "--port", "0", "--processes", "1"]
        with running(*serve, log=self.directory / f"service-{size}.log", environment=environment) as port:
            yield Desk(size, port, api_key, contents.opened, contents.customers)


@contextmanager
def surroundings(directory: Path) -> Iterator[Around]:
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        simulator = ["-m", "providers.testing.quimbi_simulator", "--port", "0", "--api-key", SIMULATOR_KEY]
        port = stack.enter_context(running(*simulator, log=directory / "simulator.log"))
        yield Around(redis.port, port, directory)


@contextmanager
def desks_on_postgresql(around: Around, sizes: Sequence[int]) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        server = stack.enter_context(postgres_server())
        desks = []
        for number, size in enumerate(sizes):
            url = stack.enter_context(server.new_database())
            migrate(normalise_url(url))
            copies = max(1, size // COPIED_FROM)
            contents = contents_of(size // copies)
            load_postgresql(url, contents, copies=copies)
            served = around.served(size, url, contents, redis_database=number)
            desks.append(stack.enter_context(served))
        yield desks


@contextmanager
def desks_on_sqlite(around: Around, sizes: Sequence[int]) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        desks = []
        for number, size in enumerate(sizes):
            url = f"sqlite:///{around.directory / f'desk-{size}.db'}"
            migrate(normalise_url(url))
            contents = contents_of(size)
            load_sqlite(url, contents)
            served = around.served(size, url, contents, redis_database=number + 8)
            desks.append(stack.enter_context(served))
        yield desks


def contents_of(open_tickets: int) -> Contents:
    return Contents(open_tickets, weights=Weights(), now=datetime.now(UTC))
