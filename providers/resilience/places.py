"""Half of the threads that may wait for a provider stay free for answers that need not wait."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from providers.errors import Busy
from providers.interface import IntelligenceProvider
from providers.resilience.visits import CURRENT
from providers.resilience.wrapping import A, Call, Wrapper


class Places:
    """One for each request that holds its thread while a provider is asked, by itself or by another caller.

    Only a server's requests need one: their threads are few, and others wait for them.
    """

    def __init__(self, count: int = sys.maxsize) -> None:
        self._free = threading.Semaphore(count)

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Whether the caller may wait: it has a place already, has got one for this block, or needs none."""
        visit = CURRENT.get()
        if visit is None or visit.placed:
            yield True
            return
        if not self._free.acquire(blocking=False):
            yield False
            return
        visit.placed = True
        try:
            yield True
        finally:
            visit.placed = False
            self._free.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises `Busy` at once where all are taken."""
        with self.if_free() as placed:
            if not placed:
                raise Busy
            yield


class Placed(Wrapper):
    """No more callers at once than there are places; no queue for them."""

    def __init__(self, inner: IntelligenceProvider, *, places: Places) -> None:
        super().__init__(inner)
        self._places = places

    def around(self, call: Call[A]) -> A:
        with self._places.one():
            return call.on(self.inner)
