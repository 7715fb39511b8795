"""Reads and creations of tickets a second, beside the floor of `make bench`, in rounds that alternate."""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import redis

from benchmarks.inbox.probes import Asked, creates, reads
from benchmarks.inbox.stage import FLOOR_KEY, Around, Desk
from benchmarks.processes import ROOT, running

CONNECTIONS = 8
LEAST = {"reads": 0.2, "creates": 0.15}
DIFFERENT_REQUESTS = 2_000


@dataclass(frozen=True, slots=True)
class Share:
    """`ratio` is the median over the rounds; `per_second` and `floor_per_second` are medians, too."""

    what: str
    ratio: float
    per_second: float
    floor_per_second: float
    failures: float

    @property
    def kept(self) -> bool:
        return self.ratio >= LEAST[self.what] and not self.failures

    @property
    def line(self) -> str:
        return (
            f"{self.what:<10}{self.per_second:>8.0f} a second, floor {self.floor_per_second:.0f}:"
            f" {self.ratio:.2f}  ≥ {LEAST[self.what]:<5}{'ok' if self.kept else 'MISSED'}"
            + (f" ({self.failures:.0f} failures)" if self.failures else "")
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    port: int
    api_key: str
    requests: Path

    def per_second(self, seconds: float) -> tuple[float, float]:
        """And how many failed."""
        arguments = ["--port", str(self.port), "--requests", str(self.requests)]
        arguments += ["--connections", str(CONNECTIONS), "--seconds", str(seconds)]
        if self.api_key:
            arguments.append(f"--api-key={self.api_key}")
        run = [sys.executable, "-m", "benchmarks.load", *arguments]
        ended = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=seconds + 60)
        figures = json.loads(ended.stdout)
        return figures["per_second"], figures["failures"]


def beside_the_floor(around: Around, desk: Desk, *, rounds: int, seconds: float) -> Iterator[Share]:
    with redis.Redis(port=around.redis_port) as client:
        client.set(FLOOR_KEY, b"x" * 700)
    arguments = ["-m", "benchmarks.floor", "--redis-port", str(around.redis_port), "--key", FLOOR_KEY]
    with running(*arguments, log=around.directory / "floor.log") as port:
        targets = {
            "floor": Loaded(port, "", _written(around, "floor", iter([("/", None)]))),
            "reads": Loaded(desk.port, desk.api_key, _written(around, "reads", reads(desk))),
            "creates": Loaded(desk.port, desk.api_key, _written(around, "creates", creates(desk))),
        }
        rates: dict[str, list[float]] = {name: [] for name in targets}
        failures = dict.fromkeys(targets, 0.0)
        for target in targets.values():
            target.per_second(1.0)
        for number in range(rounds):
            for name in targets if number % 2 else reversed(targets):
                rate, failed = targets[name].per_second(seconds)
                rates[name].append(rate)
                failures[name] += failed
    for what in LEAST:
        ratios = [one / floor for one, floor in zip(rates[what], rates["floor"], strict=True)]
        yield Share(
            what,
            statistics.median(ratios),
            statistics.median(rates[what]),
            statistics.median(rates["floor"]),
            failures[what],
        )


def _written(around: Around, name: str, asked: Iterator[Asked]) -> Path:
    path = around.directory / f"{name}.json"
    path.write_text(json.dumps(list(islice(asked, DIFFERENT_REQUESTS))))
    return path
