"""What is counted, and how it lies in the database."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from service.performance.durations import Measure, bin_of

K = TypeVar("K", str, int)

PAIR = struct.Struct("<Hi")
"""A bin and how many are in it; in a row one after the other, by their bins."""


class Counter(StrEnum):
    """What agents do; those of a ticket's way through the desk begin with `tickets_`."""

    ASSIGNED = "assigned"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    TRANSFERRED = "transferred"
    MESSAGES = "messages"
    DRAFTS_VERBATIM = "drafts_verbatim"
    DRAFTS_EDITED = "drafts_edited"
    DRAFTS_SET_ASIDE = "drafts_set_aside"
    TICKETS_CREATED = "tickets_created"
    TICKETS_IMPORTED = "tickets_imported"
    TICKETS_RESOLVED = "tickets_resolved"
    TICKETS_CLOSED = "tickets_closed"
    TICKETS_REOPENED = "tickets_reopened"
    TICKETS_DELETED = "tickets_deleted"
    TICKETS_RESTORED = "tickets_restored"
    CUSTOMER_MESSAGES = "customer_messages"


def sum_of(measure: Measure) -> str:
    """The name of what all of them took together, in milliseconds."""
    return f"{measure}_ms"


BACKLOG = "backlog"
KNOWN = "known"
"""Of a level: how many there are whose status was ever told."""


@dataclass(slots=True)
class Tally:
    """`counts` and `spread` happened within some time; `levels` are what was so at its end.

    `spread`: how many durations by bin of all measures. Who has a status is in two levels, how many there are
    and the sum of the milliseconds since 1970 at which they came to be so: see `time_in`.
    """

    counts: dict[str, int] = field(default_factory=dict)
    spread: dict[int, int] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)

    def count(self, counter: Counter, change: int = 1) -> None:
        _add(self.counts, counter.value, change)

    def took(self, measure: Measure, took_ms: int, change: int = 1) -> None:
        _add(self.counts, sum_of(measure), took_ms * change)
        _add(self.spread, bin_of(measure, took_ms), change)

    def level(self, name: str, change: int) -> None:
        _add(self.levels, name, change)

    def enters(self, status: str, at_ms: int, change: int = 1) -> None:
        """Somebody came to have the status, or has it no more where the change is -1."""
        _add(self.levels, status, change)
        _add(self.levels, f"{status}_ms", at_ms * change)

    def add(self, other: "Tally") -> None:
        self.add_happened(other)
        self.add_levels(other)

    def add_happened(self, other: "Tally") -> None:
        _add_all(self.counts, other.counts)
        _add_all(self.spread, other.spread)

    def add_levels(self, other: "Tally") -> None:
        _add_all(self.levels, other.levels)

    def copy(self) -> "Tally":
        return Tally(dict(self.counts), dict(self.spread), dict(self.levels))

    @property
    def is_nothing(self) -> bool:
        return not (self.counts or self.spread or self.levels)


def time_in(status: str, levels: Mapping[str, int], at_ms: int) -> int:
    """Milliseconds that they had the status in all, up to a moment: a sum over all of the past.

    What began at a and goes on has lasted t - a, which is what the levels hold apart; what ended at e, e - a.
    """
    return levels.get(status, 0) * at_ms - levels.get(f"{status}_ms", 0)


def packed(spread: Mapping[int, int]) -> bytes:
    return b"".join(PAIR.pack(number, spread[number]) for number in sorted(spread))


def unpacked(spread: bytes) -> dict[int, int]:
    return dict(PAIR.iter_unpack(spread))


def _add(into: dict[K, int], name: K, change: int) -> None:
    """What is nothing is not there, so that the same figures are the same row."""
    value = into.get(name, 0) + change
    if value:
        into[name] = value
    else:
        into.pop(name, None)


def _add_all(into: dict[K, int], those: Mapping[K, int]) -> None:
    for name, change in those.items():
        _add(into, name, change)
