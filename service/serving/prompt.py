"""A connection whose answers leave whole, from the thread that made them."""

from time import time
from typing import Any

from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.utilities import InternalServerError

from service.serving.open_lines import OpenLine, Task

SENT_TOGETHER = 64 * 1024
"""Bytes. A smaller answer is sent once, when it is complete; a larger one as it comes."""


class PromptChannel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """waitress sends head and body apart, and wakes its loop after each answer.

    Here the loop is woken only for what it has to do: a client that takes its answer slowly, a connection
    to be closed, or one that has sent its next request before this answer was complete.
    """

    paused = False
    """Set by the loop that has stopped to read from here."""

    sending = False
    """While the thread that made an answer sends it. By then the client's next request may be here."""

    left_open = False
    """Its answer goes on, written by others whenever they have something."""

    task_class = Task
    requests: list[Any]
    current_outbuf_count: int

    def service(self) -> None:
        request = self.requests[0]
        task = (self.error_task_class if request.error else self.task_class)(self, request)
        self._execute(task)
        if getattr(task, "begin", None) is not None:
            self._leave_open(task)
            return
        self.sending = True
        if task.close_on_finish:
            self._drop_requests()
        else:
            self._next_request()
        self.send_now()
        self.last_activity = time()

    def _leave_open(self, task: Task) -> None:
        self.left_open = True
        self.handle_write = self._write_on
        self.send_now()
        if task.begin is not None:
            task.begin(OpenLine(self, task))  # the last thing this thread does with it: another one writes

    def close_when_sent(self) -> None:
        self._drop_requests()
        self.send_now()

    def readable(self) -> bool:
        if self.will_close or self.close_when_flushed or self.requests:
            return False
        return bool(self.sending or not self.total_outbufs_len)

    def writable(self) -> bool:
        if self.will_close or self.close_when_flushed:
            return True
        growing = self.sending or (self.requests and self.total_outbufs_len < self.adj.send_bytes)
        return bool(self.total_outbufs_len and (self.left_open or not growing))

    def _write_on(self) -> None:
        """In place of waitress's own, which leaves little answers to the thread that makes them."""
        self._flush_exception(self._flush_some)
        if self.close_when_flushed and not self.total_outbufs_len:
            self.will_close = True
        if self.will_close:
            self.handle_close()

    def _execute(self, task: Any) -> None:
        try:
            if self.connected:
                task.service()
            else:
                task.close_on_finish = True
        except ClientDisconnected:
            task.close_on_finish = True
        except Exception:  # what the application did not answer itself: waitress's own last resort
            self.logger.exception("Exception while serving a request")
            task.close_on_finish = True
            if not task.wrote_header:
                self._answer_failure(task.request)

    def _answer_failure(self, request: Any) -> None:
        failed = self.parser_class(self.adj)
        failed.error = InternalServerError("")
        failed.version = request.version
        task = self.error_task_class(self, failed)
        try:
            task.service()
        except ClientDisconnected:
            return

    def _drop_requests(self) -> None:
        with self.requests_lock:
            self.close_when_flushed = True
            for request in self.requests:
                request.close()
            self.requests = []

    def _next_request(self) -> None:
        """Before the answer is sent: the client's next request then finds this connection ready."""
        if len(self.requests) > 1:
            self._flush_outbufs_below_high_watermark()
        if self.current_outbuf_count > 0:
            self.current_outbuf_count = self.adj.outbuf_high_watermark
        self.requests[0].close()
        with self.requests_lock:
            self.requests.pop(0)
            if self.connected and self.requests:
                self.server.add_task(self)
            elif self._awaits_continue():
                self.send_continue()

    def _awaits_continue(self) -> bool:
        return bool(
            self.connected
            and self.request is not None
            and self.request.expect_continue
            and self.request.headers_finished
            and not self.sent_continue
        )

    def send_now(self) -> None:
        """As much as the connection takes; what is left is sent by the loop."""
        with self.outbuf_lock:
            if self.connected and self.total_outbufs_len:
                self._flush_exception(self._flush_some, do_close=False)
            self.sending = False
        if self.connected and (self.paused or self.writable()):
            self.server.pull_trigger()

    def _flush_some(self, do_close: bool = True) -> bool:
        with self.outbuf_lock:  # waitress goes without where it knows that no thread serves a request
            flushed: bool = super()._flush_some(do_close)
            return flushed
