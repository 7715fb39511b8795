"""Reads and creations of tickets a second, beside the floor of `make bench`, in rounds that alternate."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import redis

from benchmarks.inbox.probes import Asked, creates, reads
from benchmarks.inbox.stage import FLOOR_KEY, Around, Desk
from benchmarks.processes import running
from benchmarks.rounds import in_rounds, loaded, median, median_ratio

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


def beside_the_floor(around: Around, desk: Desk, *, rounds: int, seconds: float) -> Iterator[Share]:
    with redis.Redis(port=around.redis_port) as client:
        client.set(FLOOR_KEY, b"x" * 700)
    arguments = ["-m", "benchmarks.floor", "--redis-port", str(around.redis_port), "--key", FLOOR_KEY]
    with running(*arguments, log=around.directory / "floor.log") as port:
        asked = {
            "floor": (port, None, iter([("/", None)])),
            "reads": (desk.port, desk.api_key, reads(desk)),
            "creates": (desk.port, desk.api_key, creates(desk)),
        }
        targets = {
            name: partial(
                loaded, at, connections=CONNECTIONS, api_key=key, requests=_written(around, name, those)
            )
            for name, (at, key, those) in asked.items()
        }
        for target in targets.values():
            target(seconds=1.0)
        timed = {name: partial(target, seconds=seconds) for name, target in targets.items()}
        done = list(in_rounds(timed, rounds))
    for what in LEAST:
        yield Share(
            what,
            median_ratio(done, what, "floor"),
            median(done, what),
            median(done, "floor"),
            sum(figures[what]["failures"] for figures in done),
        )


def _written(around: Around, name: str, asked: Iterator[Asked]) -> Path:
    path = around.directory / f"{name}.json"
    path.write_text(json.dumps(list(islice(asked, DIFFERENT_REQUESTS))))
    return path
