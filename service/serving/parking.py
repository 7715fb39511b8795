"""Requests that wait for an answer on its way, and hold no thread meanwhile."""

import select
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

HANG_UP = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR
"""Nobody waits for the answer any more. On Linux at once; elsewhere when the connection is reset."""


class Connected(Protocol):
    def descriptor(self) -> int:
        """Of its socket, -1 once closed."""


T = TypeVar("T", bound=Connected)


class ParkedChannel(Protocol):
    """waitress's channel, as far as it can be left: its first request will be served anew."""

    def descriptor(self) -> int:
        """Of its socket, -1 once closed."""

    def abandon(self) -> None:
        """Drop what it was asked for, since nobody waits for it."""


@dataclass(frozen=True, slots=True, eq=False)
class Stay:
    channel: ParkedChannel
    until: float

    def descriptor(self) -> int:
        return self.channel.descriptor()


class Parking:
    """`resume` gives a channel back to its lane; it is called once per stay, on any thread."""

    def __init__(self, resume: Callable[[Any], None], clock: Callable[[], float]) -> None:
        self._resume = resume
        self._clock = clock
        self._lock = threading.Lock()
        self._stays: set[Stay] = set()

    def __len__(self) -> int:
        return len(self._stays)

    def add(self, channel: ParkedChannel, landing: Future[Any], wait_s: float) -> None:
        """Until the flight lands, `wait_s` are over or the client is gone: maybe before this returns."""
        stay = Stay(channel, self._clock() + wait_s)
        with self._lock:
            self._stays.add(stay)
        landing.add_done_callback(lambda _landed: self._end(stay, self._resume))

    def sweep(self) -> None:
        with self._lock:
            stays = list(self._stays)
        if not stays:
            return
        now = self._clock()
        gone = hung_up(stays)
        for stay in stays:
            if stay in gone:
                self._end(stay, lambda channel: channel.abandon())
            elif stay.until <= now:
                self._end(stay, self._resume)

    def _end(self, stay: Stay, afterwards: Callable[[Any], None]) -> None:
        with self._lock:
            if stay not in self._stays:
                return
            self._stays.remove(stay)
        afterwards(stay.channel)


def hung_up(watched: Iterable[T]) -> set[T]:
    """One system call for all of them: waitress itself does not look at a connection that is being served."""
    poller = select.poll()
    by_descriptor: dict[int, T] = {}
    gone = set()
    for one in watched:
        descriptor = one.descriptor()
        if descriptor < 0:
            gone.add(one)
        else:
            by_descriptor[descriptor] = one
            poller.register(descriptor, HANG_UP)
    return gone | {by_descriptor[descriptor] for descriptor, _ in poller.poll(0)}
