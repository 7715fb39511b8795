"""One call however many ask for the same at once."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from providers.errors import InProgress

R = TypeVar("R")


class Flights:
    """Calls under way in this process, by key. Those of one key must all have the same kind of result."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: dict[Hashable, Future[Any]] = {}

    def share(self, key: Hashable, work: Callable[[], R], wait_s: float) -> R:
        """The first caller of a key works; the others get its result or its error.

        They wait `wait_s` at most, then `InProgress` is raised. A caller that comes after the end flies
        anew: where the result is kept somewhere, `work` has to look there first.
        """
        with self._lock:
            flight = self._flying.get(key)
            if flight is None:
                mine: Future[Any] = Future()
                self._flying[key] = mine
        if flight is None:
            return self._fly(key, mine, work)
        if not wait([flight], timeout=max(0.0, wait_s)).done:
            raise InProgress
        landed: R = flight.result()
        return landed

    @property
    def under_way(self) -> int:
        return len(self._flying)

    def _fly(self, key: Hashable, mine: Future[Any], work: Callable[[], R]) -> R:
        try:
            landed = work()
        except BaseException as error:
            self._land(key)
            mine.set_exception(error)
            raise
        self._land(key)
        mine.set_result(landed)
        return landed

    def _land(self, key: Hashable) -> None:
        with self._lock:
            del self._flying[key]
