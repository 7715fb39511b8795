"""How often the sample customers get in touch, and on which channels.

A known model as well: a ticket is of a customer with a chance in proportion to an eagerness of their own,
Gamma(1, 1) and `MOST_EAGER` at most, and on a channel of their own mix, Dirichlet(`CHANNELS`).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from service.tickets.models import Channel

CHANNELS = {Channel.EMAIL: 1.35, Channel.CHAT: 0.75, Channel.FORM: 0.45, Channel.PHONE: 0.3, Channel.SMS: 0.3}
MOST_EAGER = 4.0
TRIES = 100
"""After so many the last one writes in, however little inclined."""


@dataclass(frozen=True, slots=True)
class Habit:
    eagerness: float
    channels: Mapping[Channel, float]


class Inclined(Protocol):
    @property
    def habit(self) -> Habit: ...


T = TypeVar("T", bound=Inclined)


def make_habit(chance: random.Random) -> Habit:
    return Habit(
        eagerness=min(chance.gammavariate(1, 1), MOST_EAGER),
        channels={channel: chance.gammavariate(share, 1) for channel, share in CHANNELS.items()},
    )


def who_writes(chance: random.Random, everybody: Sequence[T]) -> T:
    one = chance.choice(everybody)
    for _ in range(TRIES):
        if chance.random() * MOST_EAGER < one.habit.eagerness:
            break
        one = chance.choice(everybody)
    return one
