"""One call however many ask for the same at once, over threads and over processes."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeVar

from providers.deadline import Deadline
from providers.errors import DeadlinePassed, InProgress, QuotaSpent, TimedOut
from providers.ports import FlightBoard
from providers.resilience.between_processes import Crossing, Handover
from providers.resilience.places import Places
from providers.resilience.visits import CURRENT, Joined, Parked

R = TypeVar("R")

WORTH_ANOTHER_CALL_S = 0.25
"""How much more time than the leader's a follower must have had, to ask again where that ran out."""


class Flights:
    """Calls under way in this process, by key. Those of one key must all have the same kind of result.

    `board` tells of other processes' calls. A leader holds one of `places` where one is free; where none
    is, whatever needs one to go on raises `Busy`.
    """

    def __init__(self, *, board: FlightBoard | None = None, places: Places | None = None) -> None:
        self.places = places or Places()
        self._board = board
        self._lock = threading.Lock()
        self._flying: dict[str, Joined] = {}

    @property
    def under_way(self) -> int:
        return len(self._flying)

    def share(
        self,
        key: str,
        work: Callable[[], R],
        wait_s: float,
        *,
        deadline: Deadline,
        handover: Handover[R] | None = None,
    ) -> R:
        """The first caller of a key works; the others get its result or its error.

        They wait `wait_s` at most, then `InProgress` is raised. One with a later `deadline` than a leader for
        whom time ran out tries again, and so does one who followed a background call for which the quota
        was spent. A caller that comes after the end flies anew: where the result is kept somewhere, `work`
        has to look there first. With a `handover`, callers in other processes are among those who share.

        Under a server that can run a request anew, waiting raises `Parked`; in the next run this returns
        or raises what the awaited flight did. What comes before it is therefore done again.
        """
        visit = CURRENT.get()
        joined = visit.joined.get(key) if visit is not None else None
        if joined is None:
            joined = self._join(key, work, deadline.clock.monotonic() + wait_s, deadline, handover)
        elif not joined.landing.done():
            raise InProgress
        while _led_with_less(joined, deadline):
            joined = self._join(key, work, joined.until_s, deadline, handover)
        landed: R = joined.landing.result()
        return landed

    def _join(
        self,
        key: str,
        work: Callable[[], R],
        until_s: float,
        deadline: Deadline,
        handover: Handover[R] | None,
    ) -> Joined:
        """Leads or follows until the flight has landed."""
        with self._lock:
            flying = self._flying.get(key)
            if flying is None:
                joined = self._flying[key] = Joined(Future(), deadline, until_s)
            else:
                joined = Joined(flying.landing, flying.leader, until_s)
        visit = CURRENT.get()
        if visit is not None:
            visit.joined[key] = joined
        if flying is None:
            self._lead(key, joined, work, handover)
        else:
            self._follow(joined, deadline)
        return joined

    def _lead(self, key: str, own: Joined, work: Callable[[], R], handover: Handover[R] | None) -> None:
        try:
            with _leading(), self.places.if_free() as placed:
                if self._board is None or handover is None or not placed:
                    landed = work()
                else:
                    crossing = Crossing(self._board, key, handover, own.leader, own.until_s)
                    landed = crossing.share(work)
        except BaseException as error:
            self._land(key)
            own.landing.set_exception(error)
            raise
        self._land(key)
        own.landing.set_result(landed)

    def _land(self, key: str) -> None:
        with self._lock:
            del self._flying[key]

    def _follow(self, joined: Joined, deadline: Deadline) -> None:
        wait_s = joined.until_s - deadline.clock.monotonic()
        if joined.landing.done():
            return
        if wait_s <= 0:
            raise InProgress
        visit = CURRENT.get()
        if visit is not None and not visit.leading:
            raise Parked(joined.landing, wait_s)
        with self.places.one():
            if not wait([joined.landing], timeout=wait_s).done:
                raise InProgress


@contextmanager
def _leading() -> Iterator[None]:
    """Who leads has callers of its own waiting, and so may not be parked."""
    visit = CURRENT.get()
    if visit is None:
        yield
        return
    visit.leading += 1
    try:
        yield
    finally:
        visit.leading -= 1


def _led_with_less(joined: Joined, deadline: Deadline) -> bool:
    """Whether the flight failed for want of what this caller has: time, or a person's share of the quota."""
    error = joined.landing.exception()
    if isinstance(error, QuotaSpent):
        return not deadline.passed
    return (
        isinstance(error, DeadlinePassed | TimedOut)
        and joined.leader.passed
        and deadline.at_s > joined.leader.at_s + WORTH_ANOTHER_CALL_S
        and not deadline.passed
    )
