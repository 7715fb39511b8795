"""waitress: processes, lanes, drain. `serve` is all that others call."""

import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import structlog

from service.serving.lanes import LanePlan, Lanes, plan
from service.serving.metrics_port import serve_metrics
from service.serving.processes import Supervisor
from service.serving.sockets import MONITORING, CannotListen, listen
from service.serving.worker import Worker, WsgiApp
from service.telemetry.metrics import sharing

__all__ = ["CannotListen", "ServerSettings", "serve"]

log = structlog.get_logger()


class ServerSettings(Protocol):
    """What the server reads of the settings; `threads` is the desk lane's."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def metrics_host(self) -> str: ...
    @property
    def metrics_port(self) -> int | None: ...
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
    monitoring = _monitoring_listener(settings)
    host, port = listeners[0].getsockname()[:2]

    def announce() -> None:
        log.info(
            "serving",
            host=host,
            port=port,
            metrics_port=monitoring.getsockname()[1] if monitoring else None,
            processes=settings.processes,
            threads=settings.threads,
        )
        on_ready(host, port)

    def make_worker(listener: socket.socket) -> Worker:
        app = make_app()
        if monitoring:
            serve_metrics(app, monitoring)
        return Worker(
            app,
            listener,
            lanes=Lanes(plans),
            cors_origins=settings.cors_origins,
            drain_timeout_s=settings.drain_timeout_s,
        )

    if settings.processes == 1:
        return _serve_here(make_worker, listeners[0], announce)
    with _shared_figures() as figures:

        def make_one_of_several(listener: socket.socket) -> Worker:
            sharing.join(figures, listeners.index(listener))
            return make_worker(listener)

        return Supervisor(
            listeners,
            partial(_serve_in_child, make_one_of_several),
            on_ready=announce,
            on_death=partial(sharing.bury, figures),
            drain_timeout_s=settings.drain_timeout_s,
        ).run()


def _monitoring_listener(settings: ServerSettings) -> socket.socket | None:
    """One for all processes: whichever is free takes the next connection."""
    if settings.metrics_port is None:
        return None
    return listen(settings.metrics_host, settings.metrics_port, 1, MONITORING)[0]


@contextmanager
def _shared_figures() -> Iterator[Path]:
    with TemporaryDirectory(prefix="support-metrics-") as directory:
        yield Path(directory)


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
