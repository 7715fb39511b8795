"""waitress: processes, lanes, drain. `serve` is all that others call."""

import signal
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from service.serving.lanes import LanePlan, Lanes, plan
from service.serving.processes import Supervisor
from service.serving.sockets import CannotListen, listen
from service.serving.worker import Worker, WsgiApp

__all__ = ["CannotListen", "ServerSettings", "serve"]

log = structlog.get_logger()


class ServerSettings(Protocol):
    """What the server reads of the settings; `threads` is the desk lane's."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def processes(self) -> int: ...
    @property
    def threads(self) -> int: ...
    @property
    def provider_threads(self) -> int: ...
    @property
    def cors_origins(self) -> tuple[str, ...]: ...
    @property
    def drain_timeout_s(self) -> int: ...


def serve(
    make_app: Callable[[], WsgiApp],
    settings: ServerSettings,
    *,
    on_ready: Callable[[str, int], None] = lambda _host, _port: None,
    lanes: Sequence[LanePlan] | None = None,
) -> int:
    """Serves until a signal; returns the exit status. Raises `CannotListen`.

    `make_app` is called in each process after the fork; `on_ready` once, with the real address, when
    all of them serve.
    """
    plans = lanes or plan(desk_threads=settings.threads, provider_threads=settings.provider_threads)
    listeners = listen(settings.host, settings.port, settings.processes)
    host, port = listeners[0].getsockname()[:2]

    def announce() -> None:
        log.info("serving", host=host, port=port, processes=settings.processes, threads=settings.threads)
        on_ready(host, port)

    def make_worker(listener: socket.socket) -> Worker:
        return Worker(
            make_app(),
            listener,
            lanes=Lanes(plans),
            cors_origins=settings.cors_origins,
            drain_timeout_s=settings.drain_timeout_s,
        )

    if settings.processes == 1:
        return _serve_here(make_worker, listeners[0], announce)
    return Supervisor(
        listeners,
        partial(_serve_in_child, make_worker),
        on_ready=announce,
        drain_timeout_s=settings.drain_timeout_s,
    ).run()


def _serve_in_child(
    make_worker: Callable[[socket.socket], Worker],
    listener: socket.socket,
    tell_ready: Callable[[], None],
    register_drain: Callable[[Callable[[], None]], None],
) -> int:
    worker = make_worker(listener)
    register_drain(worker.drain)
    return 0 if worker.run(tell_ready) else 1


def _serve_here(
    make_worker: Callable[[socket.socket], Worker], listener: socket.socket, announce: Callable[[], None]
) -> int:
    worker = make_worker(listener)

    def drain(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # a second signal stops at once
        worker.drain()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, drain)
    return 0 if worker.run(announce) else 1
