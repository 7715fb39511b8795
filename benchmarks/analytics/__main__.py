"""What analytics take over 10,000 and over a million tickets within a year, asked over HTTP in turns.

Starts a PostgreSQL with a database for each size, fills them with the figures of a year, starts a service of
one process on each, and ends what it started. `--check`: exits with 1 where the p50 of the largest is more
than 1.5 times that of the smallest.
"""

import argparse
import hashlib
import os
import secrets
import socket
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from benchmarks.analytics.filling import fill
from benchmarks.analytics.happening import AGENTS, DAYS, TEAM, a_year_ago
from benchmarks.load import read_reply, request_to
from benchmarks.processes import running
from tests.servers import postgres_server

MOST_RATIO = 1.5
SIZES = (10_000, 1_000_000)
ZONE = "Asia/Kolkata"
"""Five hours and a half before UTC: no day of it is one of UTC, nor begins with an hour of it."""

SPANS = {"day": 1, "month": 30, "year": DAYS}


@dataclass(slots=True)
class Desk:
    size: int
    port: int
    api_key: str
    connection: socket.socket
    durations_s: dict[str, list[float]] = field(default_factory=dict)

    def ask(self, name: str, path: str) -> None:
        began = perf_counter()
        self.connection.sendall(request_to(self.port, path, api_key=self.api_key))
        good, _ = read_reply(self.connection)
        if not good:
            raise SystemExit(f"{path} failed at {self.size:,} tickets")
        self.durations_s.setdefault(name, []).append(perf_counter() - began)

    def p50_ms(self, name: str) -> float:
        return 1_000 * statistics.median(self.durations_s[name])


def probes(now: datetime) -> dict[str, str]:
    """Name → path. A day is one in the middle of the year, a month and a year end today."""
    found = {}
    for about, path in (
        ("one agent", f"/api/analytics/agents/{AGENTS[3]}?"),
        ("the team with its members", f"/api/analytics/team?team_id={TEAM}&"),
        ("the desk", "/api/analytics/team?"),
        ("volume", "/api/analytics/tickets/volume?"),
        ("channels", "/api/analytics/tickets/channels?"),
    ):
        for span, days in SPANS.items():
            until = now.date() - timedelta(days=180 if days == 1 else -1)
            found[f"{about}, a {span}"] = (
                f"{path}from={until - timedelta(days=days)}&to={until}&time_zone={ZONE}"
            )
    found["one agent, today"] = f"/api/analytics/agents/{AGENTS[3]}/today?time_zone={ZONE}"
    churn = "/api/analytics/customers/churn"
    found["customers at risk"] = churn
    found["customers at risk, high"] = f"{churn}?level=high&limit=20"
    found["customers at risk from 0.9 on"] = f"{churn}?min_risk=0.9"
    return found


@contextmanager
def desks(sizes: Sequence[int], now: datetime, directory: Path) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        postgres = stack.enter_context(postgres_server())
        served = []
        for size in sizes:
            url = stack.enter_context(postgres.new_database())
            fill(url, size, a_year_ago(now), now)
            api_key = secrets.token_urlsafe(24)
            environment = {
                "ENVIRONMENT": "test",
                "SECRET_KEY": secrets.token_hex(32),
                "DATABASE_URL": url,
                "RATE_LIMIT_PER_MINUTE": "1000000000",  # counted, and never reached
                "BOOTSTRAP_API_KEYS": f"bench:desk:{hashlib.sha256(api_key.encode()).hexdigest()}",
                "INTELLIGENCE_PROVIDERS": "stub,fallback",
                "LOG_FILE": "",
                "DRAIN_TIMEOUT": "1",
            }
            serve = ["wsgi.py", "--host", "127.0.0.1", "--port", "0", "--processes", "1"]
            log = directory / f"service-{size}.log"
            port = stack.enter_context(running(*serve, log=log, environment=environment))
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            served.append(Desk(size, port, api_key, connection))
        yield served


def main(argv: Sequence[str] | None = None) -> int:
    options = _options(argv)
    now = datetime.now(UTC)
    with (
        tempfile.TemporaryDirectory() as directory,
        desks(options.sizes, now, Path(directory)) as served,
    ):
        asked = probes(now)
        for round_number in range(options.rounds + 2):
            for name, path in asked.items():
                for desk in served:
                    desk.ask("warm-up" if round_number < 2 else name, path)
        within = _show(served, list(asked))
    print(f"load average: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
    return 0 if within or not options.check else 1


def _show(served: Sequence[Desk], names: Sequence[str]) -> bool:
    """Whether all ratios are within the bound."""
    small, large = served[0], served[-1]
    print(f"{'p50 in ms':34}{small.size:>12,}{large.size:>12,}{'ratio':>8}")
    worst = 0.0
    for name in names:
        ratio = large.p50_ms(name) / small.p50_ms(name)
        worst = max(worst, ratio)
        print(f"{name:34}{small.p50_ms(name):12.1f}{large.p50_ms(name):12.1f}{ratio:8.2f}")
    print(f"largest ratio {worst:.2f}, of at most {MOST_RATIO}")
    return worst <= MOST_RATIO


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.analytics", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit with 1 beyond the bound")
    parser.add_argument("--rounds", type=int, default=40, help="how often each is asked (default: 40)")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=SIZES, help="tickets within the year (default: both)"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
