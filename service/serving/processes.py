"""Several processes on one port: forked before any application exists, restarted when one dies."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

import structlog

START_FAILURES_ALLOWED = 3
STEADY_S = 10.0
"""A process that lived so long is replaced at once; an earlier death waits, longer each time."""

FIRST_BACKOFF_S = 0.2
LONGEST_BACKOFF_S = 10.0
KILL_AFTER_S = 5.0
"""Beyond the drain's own time."""

READY = signal.SIGRTMIN
"""A process tells its parent that it serves; of this kind none is lost when two come at once."""

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, READY}

RunWorker = Callable[[socket.socket, Callable[[], None], Callable[[Callable[[], None]], None]], int]
"""(listener, tell it is ready, register how to drain) → exit status."""

log = structlog.get_logger()


@dataclass(slots=True)
class Place:
    """One of the processes that there should be, and the socket that its successors inherit."""

    number: int
    listener: socket.socket
    pid: int | None = None
    ready: bool = False
    started_at: float = 0.0
    due_at: float = 0.0


class Supervisor:
    def __init__(
        self,
        listeners: list[socket.socket],
        run_worker: RunWorker,
        *,
        on_ready: Callable[[], None],
        drain_timeout_s: float,
        on_death: Callable[[int], None] = lambda _number: None,
    ) -> None:
        """`on_death` is told the number of a place whose process has died, before another takes it."""
        self._places = [Place(number, listener) for number, listener in enumerate(listeners)]
        self._run_worker = run_worker
        self._on_ready = on_ready
        self._on_death = on_death
        self._drain_timeout_s = drain_timeout_s
        self._lifeline, self._lifeline_end = os.pipe()
        self._announced = False
        self._failed_starts = 0
        self._early_deaths = 0
        self._all_well = True

    def run(self) -> int:
        """Exit status: 0 drained, 1 a process could not start or did not drain, 128 + n stopped at once."""
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # taken one at a time by sigtimedwait
        while self._failed_starts < START_FAILURES_ALLOWED:
            self._start_due()
            came = signal.sigtimedwait(SIGNALS, self._until_next_start())
            if came is None:
                continue
            if came.si_signo == READY:
                self._note_ready(came.si_pid)
            elif came.si_signo == signal.SIGCHLD:
                self._bury()
            else:
                return self._stop()
        log.error("processes_cannot_start", attempts=self._failed_starts)
        self._stop()
        return 1

    def _start_due(self) -> None:
        for place in self._places:
            if place.pid is None and monotonic() >= place.due_at:
                place.ready, place.started_at = False, monotonic()
                place.pid = os.fork() or self._become(place)

    def _until_next_start(self) -> float:
        waits = [place.due_at - monotonic() for place in self._places if place.pid is None]
        return max(0.0, min(waits, default=60.0))

    def _become(self, place: Place) -> int:
        """In the child: never returns into the supervisor."""
        status = 1
        try:
            signal.signal(
                signal.SIGINT, signal.SIG_IGN
            )  # a terminal sends it to all; the parent passes it on
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            os.close(self._lifeline_end)
            for other in self._places:
                if other is not place:
                    other.listener.close()
            parent = os.getppid()
            status = self._run_worker(place.listener, lambda: os.kill(parent, READY), self._drain_when_asked)
        except BaseException:  # whatever it is, this process ends here
            log.exception("process_failed", process=place.number)
        finally:
            os._exit(status)

    def _drain_when_asked(self, drain: Callable[[], None]) -> None:
        """By SIGTERM, however often (an init system may send it to every process), or the parent's death."""
        signal.signal(signal.SIGTERM, lambda *_: drain())

        def drain_at_end_of_parent() -> None:
            os.read(self._lifeline, 1)
            drain()

        threading.Thread(target=drain_at_end_of_parent, name="lifeline", daemon=True).start()

    def _note_ready(self, pid: int) -> None:
        for place in self._places:
            place.ready = place.ready or place.pid == pid
        self._failed_starts = 0
        if not self._announced and all(place.ready for place in self._places):
            self._announced = True
            self._on_ready()

    def _bury(self) -> None:
        for place in self._places:
            if place.pid is None:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid:
                self._replace(place, os.waitstatus_to_exitcode(status))

    def _replace(self, place: Place, status: int) -> None:
        lived_s = monotonic() - place.started_at
        if not place.ready:
            self._failed_starts += 1
        self._early_deaths = 0 if lived_s >= STEADY_S else self._early_deaths + 1
        backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (self._early_deaths - 1))
        place.pid = None
        self._on_death(place.number)
        place.due_at = monotonic() + (backoff_s if self._early_deaths else 0.0)
        log.error(
            "process_died", process=place.number, status=status, lived_s=round(lived_s, 1), ready=place.ready
        )

    def _stop(self) -> int:
        for place in self._places:
            place.listener.close()  # else the kernel would go on handing connections to nobody
        self._signal_all(signal.SIGTERM)
        give_up_at = monotonic() + self._drain_timeout_s + KILL_AFTER_S
        while self._still_running():
            came = signal.sigtimedwait(SIGNALS, max(0.0, give_up_at - monotonic()))
            if came is None or came.si_signo in {signal.SIGTERM, signal.SIGINT}:
                self._signal_all(signal.SIGKILL)
                return 1 if came is None else 128 + came.si_signo
        return 0 if self._all_well else 1

    def _still_running(self) -> bool:
        for place in self._places:
            if place.pid is None:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid:
                place.pid = None
                self._all_well = self._all_well and status == 0
        return any(place.pid for place in self._places)

    def _signal_all(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.pid is not None:
                os.kill(place.pid, number)
