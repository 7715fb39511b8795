"""Whose facts to bring up to date next."""

import math
from collections import OrderedDict
from collections.abc import Hashable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeVar

from providers.models import Capability, Reason
from providers.ports import Clock
from providers.resilience.wrapping import Call

MOST_WAITING = 1_000
REST_S = 10.0
"""After a failure the same facts are not asked for again so soon."""

SETTLE_S = 1.0
"""After a success neither, should they still look overdue."""

LONGEST_HOLD_S = 60.0

Key = Hashable
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Until:
    at_s: float
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Place:
    """`order`: greater for what was viewed later."""

    order: int
    call: Call[Any]


class RefreshQueue:
    """Newest view first; each key once. Not thread-safe: its owner's lock guards it.

    A key is waiting, under way or resting, and at most one of them. A capability is held back while a
    guard of ours refuses its calls.
    """

    def __init__(self, clock: Clock, *, most_waiting: int = MOST_WAITING) -> None:
        self._clock = clock
        self._most_waiting = most_waiting
        self._waiting: dict[Capability, OrderedDict[Key, Place]] = {}
        self._newest = self._oldest = 0
        self._under_way: set[Key] = set()
        self._resting: OrderedDict[Key, Until] = OrderedDict()
        self._held_back: dict[Capability, Until] = {}

    def __len__(self) -> int:
        """How many wait."""
        return sum(len(queue) for queue in self._waiting.values())

    def view(self, key: Key, call: Call[Any]) -> Reason | None:
        """Somebody looks at these facts, which are overdue. Why newer ones did not come so far."""
        rest = self._lasting(self._resting, key)
        if rest is not None:
            return rest.reason
        if key not in self._under_way:
            self._wait(key, call)
        hold = self._lasting(self._held_back, call.capability)
        return hold.reason if hold else None

    def take(self) -> tuple[Key, Call[Any]] | None:
        """The newest-viewed whose capability is not held back; it is then under way."""
        free = [
            queue
            for capability, queue in self._waiting.items()
            if queue and self._lasting(self._held_back, capability) is None
        ]
        if not free:
            return None
        key, place = max(free, key=_last_order).popitem()
        self._under_way.add(key)
        return key, place.call

    def succeeded(self, key: Key) -> None:
        self._rest(key, SETTLE_S, None)

    def failed(self, key: Key, reason: Reason) -> None:
        self._rest(key, REST_S, reason)

    def refused(self, key: Key, call: Call[Any], reason: Reason, wait_s: float) -> None:
        """A guard of ours did not let it through: it waits on, behind those viewed meanwhile."""
        self._under_way.discard(key)
        self._oldest -= 1
        queue = self._waiting.setdefault(call.capability, OrderedDict())
        queue[key] = Place(self._oldest, call)
        queue.move_to_end(key, last=False)
        self._drop_oldest()
        at_s = self._clock.monotonic() + min(max(wait_s, 0.0), LONGEST_HOLD_S)
        self._held_back[call.capability] = Until(at_s, reason)

    def resume(self) -> None:
        """Hold nothing back: the guards may think otherwise by now."""
        self._held_back.clear()

    def due_in_s(self) -> float:
        """Seconds until `take` may bring something: 0 for now, infinity where nothing waits."""
        holds = [self._lasting(self._held_back, name) for name, queue in self._waiting.items() if queue]
        now_s = self._clock.monotonic()
        return min((hold.at_s - now_s if hold else 0.0 for hold in holds), default=math.inf)

    def _wait(self, key: Key, call: Call[Any]) -> None:
        self._newest += 1
        queue = self._waiting.setdefault(call.capability, OrderedDict())
        queue[key] = Place(self._newest, call)
        queue.move_to_end(key)
        self._drop_oldest()

    def _drop_oldest(self) -> None:
        if len(self) > self._most_waiting:
            min((queue for queue in self._waiting.values() if queue), key=_first_order).popitem(last=False)

    def _rest(self, key: Key, seconds: float, reason: Reason | None) -> None:
        self._under_way.discard(key)
        self._resting[key] = Until(self._clock.monotonic() + seconds, reason)
        self._resting.move_to_end(key)
        if len(self._resting) > self._most_waiting:
            self._resting.popitem(last=False)

    def _lasting(self, rests: MutableMapping[K, Until], key: K) -> Until | None:
        """None once it is over; it is then forgotten."""
        until = rests.get(key)
        if until is not None and until.at_s <= self._clock.monotonic():
            del rests[key]
            return None
        return until


def _first_order(queue: OrderedDict[Key, Place]) -> int:
    return next(iter(queue.values())).order


def _last_order(queue: OrderedDict[Key, Place]) -> int:
    return next(reversed(queue.values())).order
