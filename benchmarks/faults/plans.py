"""What a load is to send: kinds of requests, their shares, and when they are due."""

from collections.abc import Iterator
from itertools import count, cycle
from random import Random

import msgspec


class Kind(msgspec.Struct, frozen=True):
    """`path` may hold `{customer}` and `{ticket}`; `customers` and `tickets` are gone through in turn.

    `keeps`: whether the bodies of the answers are brought back.
    """

    name: str
    share: float
    path: str
    customers: list[str] = []
    tickets: list[str] = []
    keeps: bool = False

    def paths(self) -> Iterator[tuple[str, str]]:
        """(customer, path), without end."""
        customers = cycle(self.customers or [""])
        tickets = cycle(self.tickets or [""])
        for customer, ticket in zip(customers, tickets, strict=True):
            yield customer, self.path.format(customer=customer, ticket=ticket)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`burst` requests at once; or open loop, `rate` a second; or closed loop over `clients` connections.

    `begin_at_s` is on the monotonic clock of the machine.
    """

    port: int
    api_key: str
    mix: list[Kind]
    begin_at_s: float
    seconds: float = 0.0
    rate: float = 0.0
    clients: int = 0
    burst: int = 0
    seed: int = 7
    patience_s: float = 40.0

    def due(self) -> Iterator[float]:
        """Seconds after the beginning, at random as independent clients arrive."""
        if self.burst:
            yield from [0.0] * self.burst
            return
        random = Random(self.seed)
        at_s = random.expovariate(self.rate)
        while at_s < self.seconds:
            yield at_s
            at_s += random.expovariate(self.rate)

    def requests(self) -> Iterator[tuple[Kind, str, str]]:
        """(kind, customer, path), without end, in the shares of the mix."""
        random = Random(self.seed + 1)
        paths = {kind.name: kind.paths() for kind in self.mix}
        shares = [kind.share for kind in self.mix]
        for _ in count():
            (kind,) = random.choices(self.mix, shares)
            yield kind, *next(paths[kind.name])
