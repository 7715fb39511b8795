"""What analytics take over 10,000 and over a million tickets within a year, asked over HTTP in turns."""

import hashlib
import secrets
import socket
import statistics
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
from tests.servers import Postgres

MOST_RATIO = 1.5
SIZES = (10_000, 1_000_000)
ROUNDS, WARM_UP = 40, 2
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
def desks(postgres: Postgres, sizes: Sequence[int], now: datetime, directory: Path) -> Iterator[list[Desk]]:
    """One of each size, with a service of one process on it."""
    with ExitStack() as stack:
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


def asked(
    postgres: Postgres, directory: Path, *, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS
) -> Iterator[tuple[str, bool]]:
    """The lines of a report, each with whether it is within the bound."""
    now = datetime.now(UTC)
    paths = probes(now)
    with desks(postgres, sizes, now, directory) as served:
        for round_number in range(WARM_UP + rounds):
            for name, path in paths.items():
                for desk in served:
                    desk.ask("warm-up" if round_number < WARM_UP else name, path)
    small, large = served[0], served[-1]
    yield f"{'p50 in ms':34}{small.size:>12,}{large.size:>12,}{'ratio':>8}", True
    for name in paths:
        ratio = large.p50_ms(name) / small.p50_ms(name)
        kept = ratio <= MOST_RATIO
        bound = f"  ≤ {MOST_RATIO}  {'ok' if kept else 'MISSED'}"
        yield f"{name:34}{small.p50_ms(name):12.1f}{large.p50_ms(name):12.1f}{ratio:8.2f}{bound}", kept
