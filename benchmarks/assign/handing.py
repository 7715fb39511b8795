"""Tickets handed out by the desk itself from a short queue and from a long one.

The night's agents come online for a while, again and again; when they go they keep what they have.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.assign.contents import NIGHT
from benchmarks.assign.stage import Desk

AT_A_TIME = 150
GIVE_UP_S = 60.0

COME, GO = "online", "offline"
THEY_ARE = """
UPDATE agents SET status = %s
WHERE id IN (SELECT agent_id FROM team_members WHERE team_id = %s)
"""
LATEST = "SELECT coalesce(max(sequence), 0) FROM assignments"
SINCE = "SELECT count(*) FROM assignments WHERE sequence > %s"
TOOK_MS = """
SELECT 1000 * extract(epoch FROM max(assigned_at) - min(assigned_at))::float / (count(*) - 1)
FROM (SELECT assigned_at FROM assignments WHERE sequence > %s ORDER BY sequence LIMIT %s) AS those
"""


@dataclass(frozen=True, slots=True)
class Handed:
    """From one queue to the next agent; `took_ms` per ticket, of each round."""

    name: str
    took_ms: Sequence[float]
    faults: Sequence[str]

    @property
    def median_ms(self) -> float:
        return statistics.median(self.took_ms)

    def beside(self, other: "Handed") -> float:
        """What a ticket took in what it took from the other queue, round by round."""
        return statistics.median(
            own / others for own, others in zip(self.took_ms, other.took_ms, strict=True)
        )

    @property
    def line(self) -> str:
        told = f"  MISSED: {'; '.join(self.faults)}" if self.faults else ""
        return f"{self.name:<28}{1000 / self.median_ms:>7.0f} a second, {self.median_ms:.2f} ms each{told}"


def handed_out(desks: Mapping[str, Desk], *, rounds: int) -> Sequence[Handed]:
    took_ms: dict[str, list[float]] = {name: [] for name in desks}
    for number in range(rounds + 1):
        for name, desk in desks.items():
            took = _while_they_are_there(desk)
            if number:  # so that all are warm
                took_ms[name].append(took)
    return [Handed(name, took_ms[name], desk.faults()) for name, desk in desks.items()]


def _while_they_are_there(desk: Desk) -> float:
    before, began = desk.ask(LATEST), time.monotonic()
    desk.execute(THEY_ARE, COME, NIGHT)
    while desk.ask(SINCE, before) < AT_A_TIME:
        if time.monotonic() - began > GIVE_UP_S:
            raise RuntimeError(f"fewer than {AT_A_TIME} tickets were handed out in {GIVE_UP_S:.0f} s")
        time.sleep(0.02)
    desk.execute(THEY_ARE, GO, NIGHT)
    took_ms: float = desk.ask(TOOK_MS, before, AT_A_TIME)
    return took_ms
