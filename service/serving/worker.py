"""One process serving one listening socket: its loop, and how it stops without losing a request."""

import resource
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from time import monotonic
from typing import Any, Protocol, cast

import structlog
from waitress import wasyncore
from waitress.server import create_server

from service.serving.channel import LONGEST_BODY, Channel
from service.serving.connections import Connections
from service.serving.lanes import Lanes
from service.serving.prompt import SENT_TOGETHER
from service.serving.sockets import BACKLOG
from service.telemetry.metrics import Metrics
from service.telemetry.metrics.lanes import LaneFigures

SWITCH_INTERVAL_S = 0.001
"""How long a thread keeps the interpreter lock when others want it; measured, see the decision record."""

CONNECTION_LIMIT = 1000
OPEN_FILES = 8192
FIRST_REQUEST_GRACE_S = 1.0
DRAIN_TURN_S = 0.02
LANES_STOP_WITHIN_S = 1.0

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

log = structlog.get_logger()


class Lifecycle(Protocol):
    """Background work of one process, found at `app.extensions["support.lifecycle"]`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Worker:
    def __init__(
        self,
        app: WsgiApp,
        listener: socket.socket,
        *,
        lanes: Lanes,
        cors_origins: Iterable[str],
        drain_timeout_s: float,
    ) -> None:
        self._lanes = lanes
        self._drain_timeout_s = drain_timeout_s
        self._draining = False
        self._closed = False
        self._closing = threading.RLock()  # a signal handler may interrupt the thread that holds it
        self._lifecycle = cast(Lifecycle | None, getattr(app, "extensions", {}).get("support.lifecycle"))
        self._drained = cast(Callable[[], None] | None, getattr(app, "extensions", {}).get("support.drain"))
        self._metrics = cast(Metrics | None, getattr(app, "extensions", {}).get("support.metrics"))
        if self._metrics:
            self._metrics.sampler.watch(LaneFigures(self._metrics.registry, lanes.readings))
        self._connections = Connections()
        self._server = create_server(
            app,
            map=self._connections,
            _dispatcher=lanes,
            sockets=[listener],
            backlog=BACKLOG,
            connection_limit=CONNECTION_LIMIT,
            max_request_body_size=LONGEST_BODY + 1,  # waitress refuses a body of this size, not only above
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=False,  # the gate has to see that a proxy sent a request
            ident=None,
        )
        self._server.channel_class = Channel
        self._server.adj.send_bytes = SENT_TOGETHER  # deprecated as an argument, and still what it goes by
        self._server.cors_origins = frozenset(cors_origins)

    def run(self, ready: Callable[[], None]) -> bool:
        """Serves until asked to drain; whether everything in hand was answered in time."""
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        _allow_open_files()
        self._lanes.start()
        if self._lifecycle:
            self._lifecycle.start()
        if self._metrics:
            self._metrics.sampler.sample()  # else another process would know nothing of this one at first
        ready()
        while not self._draining:
            self._turn(1.0)
        drained = self._drain()
        self._lanes.shutdown(timeout=LANES_STOP_WITHIN_S)
        if self._lifecycle:
            self._lifecycle.stop()
        self._close()
        return drained

    def drain(self) -> None:
        """Asks the loop to finish; safe in a signal handler and from any thread."""
        with self._closing:
            self._draining = True
            if not self._closed:
                self._server.pull_trigger()

    def _turn(self, timeout_s: float) -> None:
        self._connections.turn(timeout_s)

    def _drain(self) -> bool:
        began = monotonic()
        log.info("drain_started", connections=len(self._server.active_channels))
        self._close_listener()
        if self._drained:
            self._drained()
        self._turn(0)  # reads what clients had sent already
        while self._server.active_channels or not self._lanes.idle():
            waited_s = monotonic() - began
            if waited_s > self._drain_timeout_s:
                log.error("drain_abandoned", connections=len(self._server.active_channels))
                return False
            for channel in list(self._server.active_channels.values()):
                channel.close_after_answers(unused_too=waited_s > FIRST_REQUEST_GRACE_S)
            self._connections.look_at_all()
            self._turn(DRAIN_TURN_S)
        log.info("drain_finished", duration_s=round(monotonic() - began, 3))
        return True

    def _close_listener(self) -> None:
        """Takes in whom the kernel has already let connect, else closing would cut them off."""
        before = -1
        while len(self._server.active_channels) > before:
            before = len(self._server.active_channels)
            self._server.handle_accept()
        wasyncore.dispatcher.close(self._server)  # not the server's own: that closes the threads' wake-up too

    def _close(self) -> None:
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        with self._closing:
            self._closed = True
            self._server.trigger.close()
        self._connections.close()


def _allow_open_files() -> None:
    """Up to the hard limit: connections, database and Redis together pass the customary 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
