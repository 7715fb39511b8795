"""Many auto-assigns at once, more than there is room for: counted afterwards."""

import json
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from time import perf_counter

from benchmarks.assign.contents import DAY, Contents
from benchmarks.assign.stage import Desk

FULL = Contents(agents=10, capacity=15, tickets=200)
"""Room for 150 of them."""

PRESENT = "SELECT count(*) FROM assignments WHERE ended_at IS NULL"
QUEUED = "SELECT count(*) FROM tickets WHERE queued AND team_id = %s"
SHED = 503


@dataclass(frozen=True, slots=True)
class AtOnce:
    """`faults` in words; `shed`: how many were asked again, since the desk was too busy at first."""

    contents: Contents
    took_s: float
    assigned: int
    queued: int
    shed: int
    faults: Sequence[str]

    @property
    def line(self) -> str:
        told = "exact" if not self.faults else f"MISSED: {'; '.join(self.faults)}"
        return (
            f"{self.contents.tickets} auto-assigns at once, room for {self.contents.room}: {self.assigned}"
            f" assigned, {self.queued} queued in {self.took_s:.1f} s, {self.shed} asked again; {told}"
        )


def all_at_once(desk: Desk) -> AtOnce:
    start, answers = threading.Barrier(desk.contents.tickets + 1), Counter[str]()
    lock = threading.Lock()
    headers = {"X-API-Key": desk.api_key} if desk.api_key else {}

    def ask(ticket_id: str) -> None:
        connection = HTTPConnection("127.0.0.1", desk.port, timeout=30)
        connection.connect()
        start.wait()
        while True:
            connection.request("POST", f"/api/tickets/{ticket_id}/auto-assign", headers=headers)
            reply = connection.getresponse()
            body = json.loads(reply.read())
            with lock:
                answers[_outcome(reply.status, body)] += 1
            if reply.status != SHED:
                connection.close()
                return

    threads = [threading.Thread(target=ask, args=(ticket_id,)) for ticket_id in desk.contents.ticket_ids()]
    for thread in threads:
        thread.start()
    start.wait()
    began = perf_counter()
    for thread in threads:
        thread.join()
    took_s = perf_counter() - began
    return AtOnce(
        desk.contents,
        took_s,
        answers["assigned"],
        answers["queued"],
        answers["shed"],
        [*_faults(desk, answers)],
    )


def _outcome(status: int, body: dict[str, object]) -> str:
    if status == SHED:
        return "shed"
    if status != 200:
        return f"answered with {status}"
    return "assigned" if body["assignment"] else "queued"


def _faults(desk: Desk, answers: Counter[str]) -> Sequence[str]:
    room, tickets = desk.contents.room, desk.contents.tickets
    wanted = {"assigned": min(room, tickets), "queued": max(0, tickets - room)}
    there = {"assigned": desk.ask(PRESENT), "queued": desk.ask(QUEUED, DAY)}
    return [
        *desk.faults(),
        *(
            f"{answers[name]} answers {name}, of {wanted[name]}"
            for name in wanted
            if answers[name] != wanted[name]
        ),
        *(
            f"{there[name]} kept as {name}, of {wanted[name]}"
            for name in wanted
            if there[name] != wanted[name]
        ),
        *(f"{count} {name}" for name, count in answers.items() if name.startswith("answered")),
    ]
