"""The same request to each desk in turn, over one connection each, so that noise meets all of them alike."""

import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import perf_counter

from benchmarks.inbox.probes import Probe
from benchmarks.inbox.stage import Desk
from benchmarks.load import quantile, read_reply

WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Compared:
    """Of one probe, in milliseconds and in the order of the desks, the smallest first."""

    probe: Probe
    took_ms: Sequence[Sequence[float]]
    bound: float | None

    def p50_ms(self, desk: int) -> float:
        return quantile(self.took_ms[desk], 0.50)

    def p99_ms(self, desk: int) -> float:
        return quantile(self.took_ms[desk], 0.99)

    @property
    def ratio(self) -> float:
        return self.p50_ms(-1) / self.p50_ms(0)

    @property
    def kept(self) -> bool:
        return self.bound is None or self.ratio <= self.bound

    @property
    def line(self) -> str:
        figures = "".join(
            f"{self.p50_ms(desk):>10.2f}{self.p99_ms(desk):>9.2f}" for desk in range(len(self.took_ms))
        )
        judged = "" if self.bound is None else f"≤ {self.bound:<4}{'ok' if self.kept else 'MISSED'}"
        return f"{self.probe.name:<28}{figures}{self.ratio:>9.2f}  {judged}".rstrip()


def columns(desks: Sequence[Desk]) -> str:
    sizes = "".join(f"{desk.name:>10}{'p99':>9}" for desk in desks)
    return f"{'p50 and p99 in ms':<28}{sizes}{'ratio':>9}  bound"


def compare(probe: Probe, desks: Sequence[Desk], *, samples: int, bound: float | None) -> Compared:
    took_ms: list[list[float]] = [[] for _ in desks]
    with ExitStack() as stack:
        connections = [stack.enter_context(_connected(desk)) for desk in desks]
        requests = [probe.requests(desk) for desk in desks]
        for number in range(-WARM_UP, samples):
            for desk in range(len(desks)):
                took = _ask(connections[desk], next(requests[desk]), probe)
                if number >= 0:
                    took_ms[desk].append(1000 * took)
    return Compared(probe, [sorted(took) for took in took_ms], bound)


def _connected(desk: Desk) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", desk.port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _ask(connection: socket.socket, request: bytes, probe: Probe) -> float:
    began = perf_counter()
    connection.sendall(request)
    good, _ = read_reply(connection)
    took = perf_counter() - began
    if not good:
        sys.exit(f"{probe.name}: not answered with 2xx.")
    return took
