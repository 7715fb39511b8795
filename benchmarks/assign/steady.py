"""Tickets assigned and resolved for some seconds, beside changes of a priority over as many connections.

Both are a change of a ticket in one transaction; what an assignment takes more is what choosing an agent,
keeping the load and the assignment costs.
"""

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.assign.stage import Desk
from benchmarks.rounds import Figures, in_rounds, loaded, median, median_ratio
from service.tickets.models import Priority

CONNECTIONS = 8
MOST_PER_SECOND = 400
"""Tickets assigned: so many are put ready for each second."""

CHANGED, PASSES = 800, 20
"""Tickets of the floor, and how often each can be changed in one round."""

ASSIGN, RESOLVE, PRIORITY = "assign", "resolve", "priority"
P50, P99 = f"p50_ms of {ASSIGN}", f"p99_ms of {ASSIGN}"

Asked = list[list[Any]]


class Tickets:
    """Those of a desk that nobody has had yet, taken in turn."""

    def __init__(self, desk: Desk) -> None:
        self._left = iter(desk.contents.ticket_ids())

    def take(self, wanted: int) -> Sequence[str]:
        taken = [*islice(self._left, wanted)]
        if len(taken) < wanted:
            raise RuntimeError("the desk has too few tickets for this bench")
        return taken


@dataclass(frozen=True, slots=True)
class Steady:
    """Of one desk beside its floor; medians over the rounds. `rounds`: the figures of each."""

    name: str
    rounds: Sequence[Mapping[str, Figures]]
    faults: Sequence[str]

    @property
    def per_second(self) -> float:
        """Tickets that were assigned and resolved."""
        return median(self.rounds, "desk") / 2

    @property
    def share(self) -> float:
        """Assigning and resolving are two changes, each beside one of the floor."""
        return median_ratio(self.rounds, "desk", "floor")

    @property
    def cost(self) -> float:
        """The p50 of an assignment in those of the floor."""
        return statistics.median(each["desk"][P50] / each["floor"]["p50_ms"] for each in self.rounds)

    def beside(self, other: "Steady") -> float:
        """The p50 of an assignment in those of the other desk, round by round."""
        return statistics.median(
            own["desk"][P50] / others["desk"][P50]
            for own, others in zip(self.rounds, other.rounds, strict=True)
        )

    @property
    def p50_ms(self) -> float:
        return median(self.rounds, "desk", P50)

    @property
    def p99_ms(self) -> float:
        return median(self.rounds, "desk", P99)

    @property
    def failures(self) -> float:
        return sum(figures["failures"] for each in self.rounds for figures in each.values())

    @property
    def sound(self) -> bool:
        return not self.faults and not self.failures

    @property
    def line(self) -> str:
        told = (
            ""
            if self.sound
            else f"  MISSED: {self.failures:.0f} failures, {'; '.join(self.faults) or 'exact'}"
        )
        floor, floor_p50_ms = median(self.rounds, "floor"), median(self.rounds, "floor", "p50_ms")
        return (
            f"{self.name:<28}{self.per_second:>7.0f}{self.p50_ms:>9.2f}{self.p99_ms:>9.2f}{floor:>9.0f}"
            f"{floor_p50_ms:>9.2f}{self.share:>9.2f}{self.cost:>9.2f}{told}"
        )


HEADING = f"{'':<28}{'per s':>7}{'p50 ms':>9}{'p99 ms':>9}{'floor/s':>9}{'p50 ms':>9}{'share':>9}{'p50 ÷':>9}"


def beside_each_other(desks: Mapping[str, Desk], *, rounds: int, seconds: float) -> Iterator[Steady]:
    """Several desks and the floor of each, in one run: noise meets all of them alike."""
    targets: dict[str, Callable[[], Figures]] = {}
    for name, desk in desks.items():
        tickets = Tickets(desk)
        changed = tickets.take(CHANGED)
        targets[f"{name} floor"] = partial(_load, desk, partial(priorities, desk, changed), seconds)
        targets[f"{name} desk"] = partial(_load, desk, partial(assignments, tickets, seconds), seconds)
    list(in_rounds(targets, 1))  # so that all are warm
    done = [*in_rounds(targets, rounds)]
    for name, desk in desks.items():
        own = [{part: each[f"{name} {part}"] for part in ("floor", "desk")} for each in done]
        yield Steady(name, own, desk.faults())


def _load(desk: Desk, asked: Callable[[], Asked], seconds: float) -> Figures:
    path = Path(desk.directory) / "requests.json"
    path.write_text(json.dumps(asked()))
    return loaded(desk.port, connections=CONNECTIONS, seconds=seconds, requests=path, api_key=desk.api_key)


def assignments(tickets: Tickets, seconds: float) -> Asked:
    """Both of a ticket over the same connection."""
    asked: Asked = []
    for ticket_id in tickets.take(int(MOST_PER_SECOND * seconds) // CONNECTIONS * CONNECTIONS):
        path = f"/api/tickets/{ticket_id}"
        asked += [
            [f"{path}/auto-assign", {}, "POST", ASSIGN],
            [path, {"status": "resolved"}, "PATCH", RESOLVE],
        ]
    return asked


def priorities(desk: Desk, tickets: Sequence[str]) -> Asked:
    """Each connection has tickets of its own, each of which gets another priority each time."""
    now = desk.rows("SELECT id, priority FROM tickets WHERE id = ANY(%s) ORDER BY id", tickets)
    names = [str(priority) for priority in Priority]
    return [
        [
            f"/api/tickets/{ticket_id}",
            {"priority": names[(names.index(before) + time) % 4]},
            "PATCH",
            PRIORITY,
        ]
        for first in range(CONNECTIONS)
        for time in range(1, PASSES + 1)
        for ticket_id, before in now[first::CONNECTIONS]
    ]
