"""A small, bounded load on a desk that is meant to survive something."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle

import requests

from tests.wire.desk import CLIENT_TIMEOUT_S, Desk

CLIENTS = 4
PAUSE_S = 0.01


@dataclass(frozen=True)
class Sample:
    """`began_s` on the monotonic clock; `status` 0 where no answer came."""

    began_s: float
    took_s: float
    status: int


@dataclass
class Load:
    samples: list[Sample] = field(default_factory=list)

    def slowest_s(self, since_s: float = 0.0) -> float:
        return max(sample.took_s for sample in self.samples if sample.began_s >= since_s)

    @property
    def statuses(self) -> set[int]:
        return {sample.status for sample in self.samples}


@contextmanager
def under_load(desk: Desk, paths: list[str]) -> Iterator[Load]:
    """Four clients, one after the other through the paths, until the block ends."""
    load, stop = Load(), threading.Event()

    def keep_asking(first: int) -> None:
        turn = cycle(paths[first % len(paths) :] + paths[: first % len(paths)])
        with requests.Session() as session:
            while not stop.wait(PAUSE_S):
                began_s = time.monotonic()
                status = _status(session, desk.url + next(turn))
                load.samples.append(Sample(began_s, time.monotonic() - began_s, status))

    clients = [threading.Thread(target=keep_asking, args=(number,)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield load
    finally:
        stop.set()
        for client in clients:
            client.join()


def _status(session: requests.Session, url: str) -> int:
    try:
        return session.get(url, timeout=CLIENT_TIMEOUT_S).status_code
    except requests.RequestException:
        return 0


def seconds_until(condition: Callable[[], bool], *, at_most_s: float) -> float:
    began_s = time.monotonic()
    while not condition():
        assert time.monotonic() - began_s < at_most_s, f"not within {at_most_s} s"
        time.sleep(0.05)
    return time.monotonic() - began_s
