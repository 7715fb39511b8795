"""Figures that are kept elsewhere anyway, read when monitoring asks and every few seconds."""

import threading
from typing import Protocol

from prometheus_client import Counter


class Sampled(Protocol):
    def sample(self) -> None:
        """Read the figures now: from memory, waiting for nothing."""


class Rising:
    """A counter whose total somebody else keeps."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._told = 0

    def rise_to(self, total: int) -> None:
        self._counter.inc(total - self._told)
        self._told = total


class Sampler:
    def __init__(self) -> None:
        self._sources: list[Sampled] = []
        self._lock = threading.Lock()  # a total must not be told twice

    def watch(self, *sources: Sampled) -> None:
        self._sources += sources

    def sample(self) -> None:
        with self._lock:
            for source in self._sources:
                source.sample()
