"""What the processes tell each other through the database; no call of anybody waits for it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Self

import msgspec

from providers.chain import IntelligenceChain
from providers.ports import Clock
from service.database import Database
from service.provider_control import queries
from service.provider_control.models import ProcessHeartbeat
from service.provider_control.reports import Opening, Process, ProcessReport, Reporter
from service.provider_control.toggles import RuntimeToggles

TAKEN_FOR_DEAD = timedelta(seconds=10)
PRUNED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A process as it was `at`."""

    process: Process
    at: datetime
    report: ProcessReport

    def about(self, provider: str) -> Self:
        """The same, telling of one provider alone."""
        told = [each for each in self.report.providers if each.name == provider]
        return replace(self, report=replace(self.report, providers=told))


class Heartbeats:
    """Tells the others of this process, hears of them, and heeds their open circuits as hints."""

    def __init__(
        self,
        database: Database,
        process: Process,
        *,
        reporter: Reporter,
        chain: IntelligenceChain,
        toggles: RuntimeToggles,
        clock: Clock,
    ) -> None:
        self._database = database
        self._process = process
        self._reporter = reporter
        self._chain = chain
        self._toggles = toggles
        self._clock = clock

    def share(self) -> Mapping[str, int]:
        """Raises `DatabaseUnavailable`: then there are no hints."""
        self._tell()
        return {"hints": sum(self._heed(each) for other in self.others() for each in other.report.openings)}

    def here(self) -> Heartbeat:
        return Heartbeat(process=self._process, at=self._clock.now(), report=self._reporter.report())

    def others(self) -> list[Heartbeat]:
        """Processes that were alive seconds ago, oldest first. Raises `DatabaseUnavailable`."""
        with self._database.reading() as session:
            rows = queries.heartbeats_since(session, self._clock.now() - TAKEN_FOR_DEAD)
        return [told for row in rows if row.id != self._process.id and (told := _heard(row))]

    def _tell(self) -> None:
        here = self.here()
        values = {**asdict(here.process), "at": here.at, "report": msgspec.to_builtins(here.report)}
        with self._database.writing() as session:
            queries.put_heartbeat(session, values)
            queries.prune_heartbeats(session, here.at - PRUNED)

    def _heed(self, opening: Opening) -> bool:
        """Whether our circuit opened for it: not where ours was reset after theirs had opened."""
        name = opening.provider
        if name not in self._toggles.configured:
            return False
        if opening.resets < self._toggles.state.circuit_resets.get(name, 0):
            return False
        left = opening.until - self._clock.now()
        return self._chain.hint_open(name, opening.capability, left.total_seconds())


def _heard(row: ProcessHeartbeat) -> Heartbeat | None:
    """None for a report of another release that this one cannot read."""
    try:
        report = msgspec.convert(row.report, ProcessReport)
    except msgspec.ValidationError:
        return None
    process = Process(id=row.id, host=row.host, pid=row.pid, started_at=row.started_at)
    return Heartbeat(process=process, at=row.at, report=report)
