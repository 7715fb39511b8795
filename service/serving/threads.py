"""Threads of a lane: the one that idled last works first, and one is woken at a time."""

import threading
from typing import Any

from waitress.task import ThreadedTaskDispatcher


class HotThreads(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress has no types
    """Few threads do the work of a busy moment, where a condition variable would go round all of them.

    A woken thread wakes the next one if more is queued when it takes its request. So no request waits
    while a thread is idle; and a thread that ends its request takes the next before another has to be
    woken for it, which costs more than most requests.
    """

    def __init__(self) -> None:
        super().__init__()
        self._idle: list[threading.Lock] = []
        self._waking = False

    def wake_one(self) -> None:
        """With `lock` held."""
        if self._idle and not self._waking:
            self._waking = True
            self._idle.pop().release()

    def handler_thread(self, thread_no: int) -> None:
        asleep = threading.Lock()
        asleep.acquire()
        while (task := self._next_task(asleep, thread_no)) is not None:
            try:
                task.service()
            except BaseException:
                self.logger.exception("Exception when servicing %r", task)

    def _next_task(self, asleep: threading.Lock, thread_no: int) -> Any:
        """None where this thread is to end."""
        with self.lock:
            while not self.queue and not self.stop_count:
                self.active_count -= 1
                self._idle.append(asleep)
                self.lock.release()
                asleep.acquire()
                self.lock.acquire()
                self._waking = False
                self.active_count += 1
            if self.stop_count:
                self.active_count -= 1
                self.stop_count -= 1
                self.threads.discard(thread_no)
                self.thread_exit_cv.notify()
                self.wake_one()
                return None
            task = self.queue.popleft()
            if self.queue:
                self.wake_one()
            return task

    def set_thread_count(self, count: int) -> None:
        super().set_thread_count(count)
        with self.lock:
            if self.stop_count:
                self.wake_one()
