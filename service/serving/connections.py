"""The connections of one process, watched by one epoll for as long as they last."""

import select
from time import monotonic
from typing import Any

from waitress import wasyncore
from waitress.trigger import trigger

LOOK_AT_ALL_EVERY_S = 1.0
"""So often even a busy loop asks every connection: waitress closes those that idle for long from there."""


class Connections(dict[int, Any]):
    """waitress's map of descriptors. It asks every connection in every turn; here the kernel remembers.

    A connection is watched for reading all its life, but for the time in which it has more to say than
    we take in (`paused`). For writing only while it cannot be written to.
    """

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll()
        self._watched: dict[int, int] = {}
        self._paused: set[int] = set()
        self._look_again_at = 0.0

    def __setitem__(self, descriptor: int, part: Any) -> None:
        super().__setitem__(descriptor, part)
        part.paused = False
        self._watched[descriptor] = select.EPOLLIN
        self._epoll.register(descriptor, select.EPOLLIN)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        self._paused.discard(descriptor)
        del self._watched[descriptor]
        self._epoll.unregister(descriptor)

    def turn(self, timeout_s: float) -> None:
        """Waits until something happens, at most so long, and lets it."""
        happened = self._epoll.poll(timeout_s)
        woken = not happened or monotonic() >= self._look_again_at
        for descriptor, flags in happened:
            part = self.get(descriptor)
            if part is not None:
                woken = woken or isinstance(part, trigger)
                self._let(descriptor, part, flags)
        if woken:
            self.look_at_all()
        elif self._paused:
            for descriptor in list(self._paused):
                self._watch(descriptor, self[descriptor])

    def look_at_all(self) -> None:
        """For what has changed without an event: by another thread, by time, by the drain."""
        self._look_again_at = monotonic() + LOOK_AT_ALL_EVERY_S
        for descriptor, part in list(self.items()):
            self._watch(descriptor, part)

    def close(self) -> None:
        self._epoll.close()

    def _let(self, descriptor: int, part: Any, flags: int) -> None:
        if flags & select.EPOLLIN and not part.readable():
            flags &= ~select.EPOLLIN
            part.paused = True  # from now on who makes it readable again wakes the loop
            self._paused.add(descriptor)
        if flags:
            wasyncore.readwrite(part, flags)
        if descriptor in self:
            self._watch(descriptor, part)

    def _watch(self, descriptor: int, part: Any) -> None:
        if part.paused and part.readable():
            part.paused = False
            self._paused.discard(descriptor)
        wanted = 0 if part.paused else select.EPOLLIN
        if part.writable() and not part.accepting:
            wanted |= select.EPOLLOUT
        if wanted != self._watched.get(descriptor):
            self._watched[descriptor] = wanted
            self._epoll.modify(descriptor, wanted)
