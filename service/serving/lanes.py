"""Threads by path: what may wait for a provider uses up its own, never the desk's."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Protocol

import structlog

from service.serving.parking import ParkedChannel, Parking
from service.serving.threads import HotThreads
from service.telemetry.metrics.lanes import LaneReading

STANDING_QUEUE_WAIT_S = 0.1
"""What a request is worth waiting for once the lane has not been idle for a whole `max_wait_s`."""

SWEEP_S = 0.05

log = structlog.get_logger()


class Channel(ParkedChannel, Protocol):
    """waitress's channel, as far as a lane knows it: one connection whose first request is due."""

    requests: list[Any]

    def service(self) -> None: ...

    def refuse(self, retry_after_s: float) -> None: ...

    def cancel(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LanePlan:
    """`max_wait_s`: a request still queued after that is answered 503."""

    name: str
    prefixes: tuple[str, ...]
    threads: int
    max_wait_s: float


STREAM_THREADS = 2
"""They open streams and read pages of the feed, and hold none: who waits for events has no thread."""


def plan(*, desk_threads: int, provider_threads: int) -> tuple[LanePlan, ...]:
    """Path → lane → threads; what no prefix names is the last one's."""
    return (
        LanePlan(name="life", prefixes=("/livez",), threads=1, max_wait_s=2.0),
        LanePlan(name="providers", prefixes=("/api/ai/",), threads=provider_threads, max_wait_s=5.0),
        LanePlan(name="streams", prefixes=("/api/events",), threads=STREAM_THREADS, max_wait_s=5.0),
        LanePlan(name="desk", prefixes=("/",), threads=desk_threads, max_wait_s=2.0),
    )


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request in a lane's queue; to waitress it is a task like any other."""

    channel: Channel
    since: float

    def service(self) -> None:
        self.channel.service()

    def cancel(self) -> None:
        self.channel.cancel()


class Lane(HotThreads):
    """Takes requests first in, first out, and gives up those that waited longer than they are worth.

    The limit is a time, not a count: `max_wait_s` for a burst, `STANDING_QUEUE_WAIT_S` for a queue
    that has stood for `max_wait_s`, so that under lasting overload those served are served at once.
    Nobody is given up while a thread is idle: it was woken, and what waits is next. Then it was the whole
    process that had no time, for want of a processor.
    """

    def __init__(self, lane: LanePlan, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self.plan = lane
        self._clock = clock
        self._idle_at = clock()
        self._shed = 0

    def start_new_thread(self, target: Callable[[int], None], thread_no: int) -> None:
        name = f"{self.plan.name}-{thread_no}"
        threading.Thread(target=target, name=name, args=(thread_no,), daemon=True).start()

    def start(self) -> None:
        self.set_thread_count(self.plan.threads)

    def add_task(self, task: Channel) -> None:
        # Not the inherited one: that logs a line for every request that finds no idle thread.
        with self.lock:
            now = self._clock()
            if not self.queue:
                self._idle_at = now
            self.queue.append(Waiting(task, now))
            self.wake_one()

    def take_overdue(self) -> list[Waiting]:
        with self.lock:
            now = self._clock()
            if not self.queue:
                self._idle_at = now
            if self.active_count < len(self.threads):
                return []
            standing = now - self._idle_at > self.plan.max_wait_s
            worth_s = min(STANDING_QUEUE_WAIT_S, self.plan.max_wait_s) if standing else self.plan.max_wait_s
            overdue = []
            while self.queue and now - self.queue[0].since > worth_s:
                overdue.append(self.queue.popleft())
            self._shed += len(overdue)
            return overdue

    def reading(self) -> LaneReading:
        with self.lock:
            return LaneReading(
                lane=self.plan.name,
                threads=len(self.threads),
                busy=self.active_count,
                queued=len(self.queue),
                shed=self._shed,
            )

    def idle(self) -> bool:
        with self.lock:
            return not self.queue and self.active_count == 0


class Lanes:
    """What waitress calls its task dispatcher: passes each request to the lane of its path."""

    def __init__(self, plans: Sequence[LanePlan], clock: Callable[[], float] = monotonic) -> None:
        self._lanes = [Lane(lane, clock) for lane in plans]
        self.parking = Parking(self.add_task, clock)
        self._stopped = threading.Event()

    def start(self) -> None:
        for lane in self._lanes:
            lane.start()
        threading.Thread(target=self._sweep_until_stopped, name="overdue", daemon=True).start()

    def lane_of(self, path: str) -> Lane:
        path = "/" + path.lstrip("/")  # as waitress itself does before the application sees it
        return next(
            (lane for lane in self._lanes if path.startswith(lane.plan.prefixes)),
            self._lanes[-1],
        )

    def add_task(self, channel: Channel) -> None:
        request = channel.requests[0]
        # A request that could not be parsed may have no path.
        self.lane_of(getattr(request, "path", "/")).add_task(channel)

    def sweep(self) -> None:
        """Answers what is overdue. Writing to a connection only fills its buffer, so one thread is enough."""
        for lane in self._lanes:
            overdue = lane.take_overdue()
            for waiting in overdue:
                waiting.channel.refuse(retry_after_s=lane.plan.max_wait_s)
            if overdue:
                log.warning("requests_shed", lane=lane.plan.name, count=len(overdue))
        self.parking.sweep()

    def readings(self) -> list[LaneReading]:
        return [lane.reading() for lane in self._lanes]

    def _sweep_until_stopped(self) -> None:
        while not self._stopped.wait(SWEEP_S):
            self.sweep()

    def idle(self) -> bool:
        return not self.parking and all(lane.idle() for lane in self._lanes)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> None:
        self._stopped.set()
        for lane in self._lanes:
            lane.shutdown(cancel_pending, timeout)
