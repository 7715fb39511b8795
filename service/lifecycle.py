"""What runs beside the requests of a process."""

from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from providers.chain import IntelligenceChain
from service.assignment.handing_out import OnCall
from service.auditing import Audit
from service.cache import GatedAnswerCache, InProcessAnswerCache
from service.database import Database, DatabaseUnavailable
from service.jobs import JobRunner
from service.outbox.dispatching import Dispatcher
from service.telemetry.logging import lines

STOP_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What runs beside the requests of one process, from after its fork until it stops."""

    jobs: JobRunner
    dispatcher: Dispatcher
    on_call: OnCall
    chain: IntelligenceChain
    database: Database
    audit: Audit
    cache: GatedAnswerCache | InProcessAnswerCache
    works: bool
    """A server does the work of all processes, too, where no workers are to do it."""

    def start(self) -> None:
        """Of a server."""
        self._start(works=self.works)

    def work(self) -> None:
        """Of a worker."""
        self._start(works=True)

    def drain(self, timeout_s: float = STOP_TIMEOUT_S) -> bool:
        """Begin nothing more; whether what runs ended in time."""
        give_up_at_s = monotonic() + timeout_s
        ended = self.jobs.stop(timeout_s)
        return self.dispatcher.stop(max(0.0, give_up_at_s - monotonic())) and ended

    def _start(self, *, works: bool) -> None:
        lines.start_batching()
        self.jobs.start(leased=works)
        self.on_call.start()
        if works:
            self.dispatcher.start()

    def stop(self) -> None:
        self.on_call.stop()
        self.drain()
        self.chain.close()
        with suppress(DatabaseUnavailable):
            self.audit.write_noted(all_of_them=True)
        self.database.close()
        self.cache.close()
        lines.stop_batching()
