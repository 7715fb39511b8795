"""What the gate costs on the warm path: the service with it, by each kind of caller, beside one without.

Starts a Redis, the Quimbi simulator and two services that share one database, a process each, on loopback;
loads them in turn; ends what it started.
"""

import argparse
import hashlib
import json
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.processes import running
from benchmarks.rounds import in_rounds, median_ratio
from benchmarks.warm_intelligence import CUSTOMER, PATH, SIMULATOR_KEY, Target, migrate
from tests.servers import redis_server

MOST_COST = 0.10
SCOPES = "desk+agents+keys"
PASSWORD = "quiet lanterns over the harbour"
WITHOUT = "no gate"


@contextmanager
def targets(directory: Path) -> Iterator[list[Target]]:
    """The service without a gate first."""
    api_key, log = secrets.token_urlsafe(24), directory / "log"
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server())
        simulator = ["-m", "providers.testing.quimbi_simulator", "--port", "0", "--api-key", SIMULATOR_KEY]
        simulator_port = stack.enter_context(running(*simulator, log=log))
        environment = {
            "ENVIRONMENT": "test",
            "SECRET_KEY": secrets.token_hex(32),
            "PORT": "0",
            "DATABASE_URL": f"sqlite:///{directory / 'desk.db'}",
            "REDIS_URL": redis.url,
            "RATE_LIMIT_PER_MINUTE": "1000000000",  # counted, and never reached
            "BOOTSTRAP_API_KEYS": f"bench:{SCOPES}:{hashlib.sha256(api_key.encode()).hexdigest()}",
            "INTELLIGENCE_PROVIDERS": "quimbi,fallback",
            "QUIMBI_BASE_URL": f"http://127.0.0.1:{simulator_port}",
            "QUIMBI_API_KEY": SIMULATOR_KEY,
            "LOG_FILE": "",
            "CACHE_KEY_PREFIX": "",
        }
        migrate(environment, log)
        gated = stack.enter_context(running("wsgi.py", log=log, environment=environment))
        ungated = ["-m", "benchmarks.access.ungated"]
        open_to_all = stack.enter_context(running(*ungated, log=log, environment=environment))
        headers = _callers(gated, api_key)
        _ask(gated, "/api/tickets", headers["bootstrap key"], {"customer_id": CUSTOMER, "subject": "Late"})
        every = [Target(WITHOUT, open_to_all, PATH)]
        every += [Target(name, gated, PATH, header=header) for name, header in headers.items()]
        for target in every:
            _make_warm(target)
        yield every


def _callers(port: int, api_key: str) -> dict[str, str]:
    """Name → the header by which they are known."""
    bootstrap = f"X-API-Key: {api_key}"
    key = _ask(port, "/api/admin/keys", bootstrap, {"name": "bench-1", "scopes": ["desk"]})["secret"]
    agent = {"email": "kim@desk.example", "name": "Kim", "role": "agent"}
    agent_id = _ask(port, "/api/agents", bootstrap, agent)["agent"]["id"]
    token = _ask(port, f"/api/agents/{agent_id}/invitation", bootstrap, {})["token"]
    signed_in = _ask(port, "/api/auth/accept-invitation", bootstrap, {"token": token, "password": PASSWORD})
    return {
        "bootstrap key": bootstrap,
        "API key": f"X-API-Key: {key}",
        "access token": f"Authorization: Bearer {signed_in['access_token']}",
    }


def _make_warm(target: Target) -> None:
    for _ in range(2):
        answer = _ask(target.port, target.path, target.header)
    if answer["provenance"]["source"] != "cache":
        sys.exit(f"The answer is not warm: {answer['provenance']}")


def _ask(port: int, path: str, header: str | None, body: dict[str, Any] | None = None) -> Any:
    sent = Request(f"http://127.0.0.1:{port}{path}", None if body is None else json.dumps(body).encode())
    sent.add_header("Content-Type", "application/json")
    if header:
        sent.add_header(*header.split(": ", 1))
    with urlopen(sent, timeout=15) as reply:
        return json.load(reply)


def compare(every: Sequence[Target], *, rounds: int, connections: int, seconds: float) -> dict[str, float]:
    """By caller, the share of throughput that the gate takes: the median over the rounds."""
    for target in every:
        target.load(connections=connections, seconds=1.0)
    print(f"{'round':>5}" + "".join(f"{target.name:>16}" for target in every) + "   requests/s")
    done = []
    targets = {
        target.name: partial(target.load, connections=connections, seconds=seconds) for target in every
    }
    for number, figures in enumerate(in_rounds(targets, rounds), start=1):
        done.append(figures)
        for name, those in figures.items():
            if those["failures"]:
                sys.exit(f"{name}: {those['failures']:.0f} requests failed")
        rates = "".join(f"{those['per_second']:>16.1f}" for those in figures.values())
        print(f"{number:>5}{rates}", flush=True)
    return {name: 1 - median_ratio(done, name, WITHOUT) for name in targets if name != WITHOUT}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=1.5, help="per caller and round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--check", action="store_true", help=f"exit 1 above {MOST_COST:.0%}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="desk-access-") as directory, targets(Path(directory)) as every:
        costs = compare(
            every, rounds=options.rounds, connections=options.connections, seconds=options.seconds
        )
    for name, cost in costs.items():
        print(f"{name}: costs {cost:.1%} of the warm path (at most {MOST_COST:.0%})")
    return 1 if options.check and max(costs.values()) > MOST_COST else 0


if __name__ == "__main__":
    sys.exit(main())
