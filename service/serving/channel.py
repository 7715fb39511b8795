"""One connection: waitress's own answers in our words, and read to the end where we close first."""

import json
import logging
import math
import re
import secrets
import socket
from collections.abc import MutableMapping
from http import HTTPStatus
from time import monotonic
from typing import Any

import structlog
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.task import ErrorTask
from waitress.utilities import Error

from providers.resilience.visits import CURRENT, Parked, Visit
from service.http.problems import CONTENT_TYPE, problem_body
from service.serving.prompt import PromptChannel

LONGEST_BODY = 1024 * 1024
LINGER_S = 5.0
"""How long a connection that we close with its request half read goes on being read, so that the
client meets our answer and not a reset."""

EXPOSED_HEADERS = "X-Request-ID, Retry-After"

_DETAILS = {
    400: "The request could not be understood: it is not well-formed HTTP.",
    413: "The request body is larger than 1 MiB.",
    431: "The request headers are too large.",
    500: "Something went wrong on our side. The request may be tried again.",
    501: "The transfer encoding of the request is not supported.",
    503: "The service has more requests than it can answer at the moment. Please try again shortly.",
}

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]{1,255}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Overloaded(Error):  # type: ignore[misc]  # waitress has no types
    code = 503
    reason = "Service Unavailable"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__("")
        self.retry_after_s = retry_after_s


class RequestParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    visit: Visit | None = None
    began: float

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            # A Content-Length of 5,000 digits, or http://[ for a target: waitress would drop the connection.
            raise ParsingError("not a request") from error


class ProblemTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """What the server answers before, or instead of, the application."""

    def execute(self) -> None:
        error = self.request.error
        asked = self.channel.requests[0] if self.channel.requests else self.request
        request_id = _request_id(asked)
        body = json.dumps(
            problem_body(
                error.code,
                _DETAILS.get(error.code, "The request could not be answered."),
                instance=_path(asked),
                request_id=request_id,
            )
        ).encode()
        self.status = f"{error.code} {HTTPStatus(error.code).phrase}"
        self.response_headers += [("Content-Type", CONTENT_TYPE), ("X-Request-Id", request_id)]
        self.response_headers += _cors_headers(asked, self.channel.server.cors_origins)
        if isinstance(error, Overloaded):
            self.response_headers.append(("Retry-After", str(max(1, math.ceil(error.retry_after_s)))))
        else:
            # What follows on this connection cannot be told from the rest of the refused request.
            self.set_close_on_finish()
            self.channel.linger()
        self.content_length = len(body)
        self.write(b"" if getattr(asked, "command", "") == "HEAD" else body)


def _path(request: Any) -> str:
    """As text: waitress keeps the bytes of the path one character each."""
    path: str = getattr(request, "path", "") or "/"
    return path.encode("latin-1").decode("utf-8", "replace")


def _request_id(request: Any) -> str:
    sent = request.headers.get("X_REQUEST_ID", "")
    return sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(16)


def _cors_headers(request: Any, allowed: frozenset[str]) -> list[tuple[str, str]]:
    """For a listed origin only. The headers may be half parsed, or hold two origins joined by a comma."""
    if not allowed:
        return []
    headers = [("Vary", "Origin")]
    origin = request.headers.get("ORIGIN", "")
    if _ORIGIN.fullmatch(origin) and origin in allowed:
        headers.append(("Access-Control-Allow-Origin", origin))
        headers.append(("Access-Control-Expose-Headers", EXPOSED_HEADERS))
    return headers


class _WithoutPath(logging.LoggerAdapter[logging.Logger]):
    """Paths hold customers' ids: logs carry the URL rule, which only the application knows."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return str(msg).partition(" while serving ")[0], kwargs


class Channel(PromptChannel):
    parser_class = RequestParser
    error_task_class = ProblemTask
    logger = _WithoutPath(logging.getLogger("waitress"), {})

    def service(self) -> None:
        request = self.requests[0]
        visit, began = request.visit, monotonic()
        if visit is None:
            visit = Visit()
        else:
            visit.spent_s = began - request.began
        token = CURRENT.set(visit)
        try:
            super().service()
        except Parked as parked:
            if request.visit is None:
                request.visit, request.began = visit, began
            self._park(request, parked)
        finally:
            CURRENT.reset(token)

    def _park(self, request: Any, parked: Parked) -> None:
        """Leaves the request where it is, first in line, to be run from its start."""
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id is not None:
            request.headers["X_REQUEST_ID"] = request_id
        request.get_body_stream().seek(0)
        # The last thing this thread does with the channel: another one may serve it from here on.
        self.server.task_dispatcher.parking.add(self, parked.landing, parked.wait_s)

    def descriptor(self) -> int:
        return -1 if self.socket is None or not self.connected else self.socket.fileno()

    def abandon(self) -> None:
        for request in self.requests:
            request.close()
        self.cancel()
        self.server.pull_trigger()  # for the loop to see that it is to be closed

    def refuse(self, retry_after_s: float) -> None:
        """Answers the first request 503; the connection stays open, since the request was read whole."""
        self.requests[0].error = Overloaded(retry_after_s)
        self.service()

    def linger(self) -> None:
        """Only such a connection pays for lingering: the others keep waitress's own methods."""
        self.handle_write = self._write_then_linger

    def close_after_answers(self, *, unused_too: bool) -> None:
        """For the drain: requests in hand are answered with `Connection: close`, an idle one closes now.

        One that has sent nothing yet may be about to; `unused_too` ends the wait for that.
        """
        unused = self.last_activity == self.creation_time
        with self.requests_lock:
            for request in self.requests:
                request.headers["CONNECTION"] = "close"  # read when the response's head is made
            idle = not self.requests and self.request is None and not self.total_outbufs_len
            if idle and (unused_too or not unused):
                self.will_close = True

    def _write_then_linger(self) -> None:
        if not self.close_when_flushed or self.will_close:
            super().handle_write()
            return
        self._flush_exception(self._flush_some)
        if not self.total_outbufs_len and self.socket is not None and not self.will_close:
            self._begin_lingering()

    def _begin_lingering(self) -> None:
        self.close_when_flushed = False
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.will_close = True
            return
        until = monotonic() + LINGER_S

        def readable() -> bool:
            if monotonic() > until:
                self.will_close = True
            return not self.will_close

        self.readable = readable  # type: ignore[method-assign]  # only of such a connection
        self.handle_read = self._read_and_drop

    def _read_and_drop(self) -> None:
        self.recv(self.adj.recv_bytes)  # the end of it closes the connection
