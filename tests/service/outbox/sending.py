"""Couriers that are killed, and whether everything that happened was delivered nevertheless."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from service.database import engine_options, normalise_url
from service.events import StoredEvent
from service.feed.models import FeedEntry
from tests.real_server import ROOT

PATIENCE_S = 60.0
POLL_S = 0.05


@dataclass
class Sent:
    """Of what was committed. `undelivered`, `made_up`: ids of events; `disordered`: of tickets."""

    events: int = 0
    deliveries: int = 0
    undelivered: list[int] = field(default_factory=list)
    made_up: list[int] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    gapless: bool = True


@dataclass
class Couriers:
    database_url: str
    path: Path
    killed: int = 0
    _process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        module = "tests.service.outbox.couriers"
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, normalise_url(self.database_url), str(self.path)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill_one(self, choose: Callable[[list[str]], str]) -> None:
        assert self._process is not None
        pid = self._process.pid
        at_work = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if at_work:
            with suppress(ProcessLookupError):
                os.kill(int(choose(at_work)), signal.SIGKILL)
                self.killed += 1

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def finish(self) -> Sent:
        """Once all is delivered that is there, or their time is over."""
        url = normalise_url(self.database_url)
        engine = create_engine(url, **engine_options(url))
        give_up_at = time.monotonic() + PATIENCE_S
        with Session(engine) as session:
            committed = dict(session.execute(select(StoredEvent.id, StoredEvent.ticket_id)).tuples().all())
            while committed.keys() - {event_id for _, event_id, _ in self._lines()}:
                if time.monotonic() > give_up_at:
                    break
                time.sleep(POLL_S)
            session.rollback()
            numbered = list(session.scalars(select(FeedEntry.position).order_by(FeedEntry.position)))
        engine.dispose()
        return _compared(committed, numbered, self._lines())

    def _lines(self) -> list[tuple[int, int, str]]:
        if not self.path.exists():
            return []
        parts = [line.split() for line in self.path.read_text().splitlines()]
        return [(int(position), int(event_id), ticket_id) for position, event_id, ticket_id in parts]


def _compared(
    committed: dict[int, str | None], numbered: list[int], lines: list[tuple[int, int, str]]
) -> Sent:
    first: dict[int, int] = {}
    for position, event_id, _ in lines:
        first.setdefault(event_id, position)
    of_ticket = defaultdict(list)
    for event_id in first:
        of_ticket[committed.get(event_id)].append(event_id)
    return Sent(
        events=len(committed),
        deliveries=len(lines),
        undelivered=sorted(committed.keys() - first.keys()),
        made_up=sorted(first.keys() - committed.keys()),
        disordered=[str(ticket) for ticket, ids in of_ticket.items() if ticket and ids != sorted(ids)],
        gapless=numbered == list(range(1, len(numbered) + 1)),
    )
