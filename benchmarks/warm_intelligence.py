"""Warm `GET /api/ai/customers/{id}/intelligence` as a ratio to a floor measured beside it.

Starts a Redis, the Quimbi simulator, the floor (bare Flask on waitress, one Redis GET) and the service,
one process each, on loopback; loads floor and service in turn; ends what it started.
"""

import argparse
import hashlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.processes import ROOT, running
from benchmarks.rounds import Figures, in_rounds, loaded, median_ratio
from tests.servers import redis_server

LEAST_RATIO = 0.7
CUSTOMER = "cust_123"
PATH = f"/api/ai/customers/{CUSTOMER}/intelligence"
KEY = f"customer_intel:{CUSTOMER}"
SIMULATOR_KEY = "qpk_test_simulator"


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    port: int
    path: str
    api_key: str | None = None
    header: str | None = None

    def load(self, *, connections: int, seconds: float) -> Figures:
        return loaded(
            self.port,
            connections=connections,
            seconds=seconds,
            path=self.path,
            api_key=self.api_key,
            header=self.header,
        )


@contextmanager
def targets(directory: Path) -> Iterator[tuple[Target, Target]]:
    api_key = secrets.token_urlsafe(24)
    log = directory / "log"
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        simulator = ["-m", "providers.testing.quimbi_simulator", "--port", "0", "--api-key", SIMULATOR_KEY]
        simulator_port = stack.enter_context(running(*simulator, log=log))
        environment = {
            "ENVIRONMENT": "test",
            "SECRET_KEY": secrets.token_hex(32),
            "DATABASE_URL": f"sqlite:///{directory / 'desk.db'}",
            "REDIS_URL": redis.url,
            "BOOTSTRAP_API_KEYS": f"bench:desk:{hashlib.sha256(api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": "quimbi,fallback",
            "QUIMBI_BASE_URL": f"http://127.0.0.1:{simulator_port}",
            "QUIMBI_API_KEY": SIMULATOR_KEY,
            "LOG_FILE": "",
            "RATE_LIMIT_PER_MINUTE": "1000000000",  # counted, and never reached
            "CACHE_KEY_PREFIX": "",
        }
        migrate(environment, log)
        serve = ["wsgi.py", "--host", "127.0.0.1", "--port", "0", "--processes", "1"]
        service = Target(
            "service", stack.enter_context(running(*serve, log=log, environment=environment)), PATH, api_key
        )
        _make_warm(service)
        floor = ["-m", "benchmarks.floor", "--redis-port", str(redis.port), "--key", KEY]
        yield Target("floor", stack.enter_context(running(*floor, log=log)), "/"), service


def migrate(environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as output:
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
            cwd=ROOT,
            env=os.environ | environment,
            check=True,
            stdout=output,
            stderr=output,
        )


def _make_warm(service: Target) -> None:
    ticket = {"customer_id": CUSTOMER, "subject": "Where is my parcel?"}
    _ask(service, "/api/tickets", json.dumps(ticket).encode())
    for _ in range(2):
        answer = _ask(service, PATH)
    if answer["provenance"]["source"] != "cache":
        sys.exit(f"The answer is not warm: {answer['provenance']}")


def _ask(service: Target, path: str, body: bytes | None = None) -> Any:
    headers = {"X-API-Key": service.api_key or "", "Content-Type": "application/json"}
    with urlopen(Request(f"http://127.0.0.1:{service.port}{path}", body, headers), timeout=15) as reply:
        return json.load(reply)


def compare(floor: Target, service: Target, *, rounds: int, connections: int, seconds: float) -> float:
    """Prints a line per round; the median over the rounds of service ÷ floor, requests per second."""
    print(f"{'round':>5}  {'target':8}{'requests/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'failures':>10}")
    for target in (floor, service):
        target.load(connections=connections, seconds=1.0)
    done = []
    targets = {
        target.name: partial(target.load, connections=connections, seconds=seconds)
        for target in (floor, service)
    }
    for number, figures in enumerate(in_rounds(targets, rounds), start=1):
        done.append(figures)
        for name, those in figures.items():
            print(
                f"{number:>5}  {name:8}{those['per_second']:>11.1f}{those['p50_ms']:>9.2f}"
                f"{those['p99_ms']:>9.2f}{those['failures']:>10.0f}"
            )
    return median_ratio(done, service.name, floor.name)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="per target and round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--check", action="store_true", help=f"exit 1 below {LEAST_RATIO}")
    options = parser.parse_args()
    print("One process each; service: SQLite, Redis, quimbi provider on the simulator, an API key.")
    with tempfile.TemporaryDirectory(prefix="desk-bench-") as directory, targets(Path(directory)) as pair:
        ratio = compare(
            *pair, rounds=options.rounds, connections=options.connections, seconds=options.seconds
        )
    print(f"ratio={ratio:.2f}")
    return 1 if options.check and ratio < LEAST_RATIO else 0


if __name__ == "__main__":
    sys.exit(main())
