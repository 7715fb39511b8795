"""Facts are brought up to date behind the backs of those who look at them."""

import threading
from collections.abc import Callable
from typing import Any

import structlog

from providers import tracing
from providers.deadline import Deadline
from providers.errors import InProgress, NoAnswer, NotCalled, ProviderError
from providers.models import Reason
from providers.ports import Clock
from providers.resilience.refresh_queue import Key, RefreshQueue
from providers.resilience.wrapping import Call, Dispatching

THREADS = 2
DEADLINE_S = 10.0
WAKE_S = 0.5
"""How often a waiting thread looks at the clock, which tests set."""

CLOSES_WITHIN_S = 2.0
DEFAULT_HOLD_S = 1.0

log = structlog.get_logger(__name__)


def in_thread(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="refresh", daemon=True)
    thread.start()
    return thread


class Refresher:
    """Asks `provider`, whose answers are cached and kept further in, on threads that live while work waits.

    Guards inside it keep background calls within their share of the quota.
    """

    def __init__(
        self,
        provider: Dispatching,
        *,
        clock: Clock,
        threads: int = THREADS,
        spawn: Callable[[Callable[[], None]], threading.Thread] = in_thread,
    ) -> None:
        self._provider = provider
        self._clock = clock
        self._most_threads = threads
        self._spawn = spawn
        self._queue = RefreshQueue(clock)
        self._changed = threading.Condition()
        self._threads: set[threading.Thread] = set()
        self._running = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def want(self, call: Call[Any]) -> Reason | None:
        """Have these facts brought up to date soon. Why that has not succeeded lately, None otherwise."""
        with self._changed:
            why = self._queue.view(_key(call), call)
            if not self._closed and self._queue.due_in_s() <= 0:
                if self._running < self._most_threads:
                    self._running += 1
                    self._threads.add(self._spawn(self._work))
                self._changed.notify()
        return why

    def refresh_next(self) -> bool:
        """Whether there was something to bring up to date."""
        with self._changed:
            taken = self._queue.take()
        if taken is None:
            return False
        self._refresh(*taken)
        return True

    def resume(self) -> None:
        """Try again now what our own guards have refused."""
        with self._changed:
            self._queue.resume()
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            threads = list(self._threads)
        for thread in threads:
            thread.join(CLOSES_WITHIN_S)

    def _work(self) -> None:
        while self._wait_for_work():
            self.refresh_next()

    def _wait_for_work(self) -> bool:
        """False where the thread is to end; it no longer counts then."""
        with self._changed:
            while not self._closed:
                due_in_s = self._queue.due_in_s()
                if due_in_s <= 0:
                    return True
                if not len(self._queue):
                    break
                self._changed.wait(min(due_in_s, WAKE_S))
            self._running -= 1
            self._threads.discard(threading.current_thread())
            return False

    def _refresh(self, key: Key, call: Call[Any]) -> None:
        with tracing.own_trace():
            self._ask(key, call)

    def _ask(self, key: Key, call: Call[Any]) -> None:
        try:
            self._provider.around(call.by(Deadline.after(DEADLINE_S, self._clock)))
        except ProviderError as error:
            self._settle(key, call, error)
        except Exception:  # a defect must not end the thread that serves all the others
            log.exception("refresh_broke", capability=call.capability)
            with self._changed:
                self._queue.failed(key, Reason.PROVIDER_ERROR)
        else:
            with self._changed:
                self._queue.succeeded(key)

    def _settle(self, key: Key, call: Call[Any], error: ProviderError) -> None:
        cause = error.failures[0] if isinstance(error, NoAnswer) and error.failures else error
        with self._changed:
            if isinstance(cause, InProgress):
                self._queue.succeeded(key)  # another process is at it
            elif isinstance(cause, NotCalled):
                self._queue.refused(key, call, cause.reason, cause.retry_after_s or DEFAULT_HOLD_S)
            else:
                self._queue.failed(key, cause.reason)


def _key(call: Call[Any]) -> Key:
    return call.capability, call.request.customer.id, frozenset(call.request.arguments.items())
