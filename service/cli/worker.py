import signal
import threading

import click
from flask import current_app

from service.cli.running import Failure, migrated_database, with_service
from service.http.components import component
from service.lifecycle import Lifecycle
from service.server import CannotListen
from service.serving.metrics_port import serve_metrics
from service.serving.sockets import MONITORING, listen
from service.settings import Settings

LOOK_EVERY_S = 0.5


@click.command()
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="A port for monitoring, on METRICS_HOST; none without it.",
)
@with_service
def worker(metrics_port: int | None) -> None:
    """Run the timed work and deliver what is to leave the desk, until SIGTERM.

    Any number of workers may run, on any number of machines: each job runs in one of them at a time, and
    each delivery is made by one. Servers do the same beside their requests, unless JOBS_IN_SERVER=false.
    At SIGTERM it begins nothing more and gives what runs DRAIN_TIMEOUT seconds; a second one ends it at once.
    """
    migrated_database()
    lifecycle: Lifecycle = current_app.extensions["support.lifecycle"]
    settings = component(Settings)
    _serve_metrics(settings, metrics_port)
    stopping = _told_to_stop()
    lifecycle.work()
    click.echo("Working.")
    while not stopping.wait(LOOK_EVERY_S):
        pass  # a signal that another thread got is seen by this one when it runs next
    if not lifecycle.drain(settings.drain_timeout_s):
        raise Failure("Something did not end in time; another worker takes it over.")


def _serve_metrics(settings: Settings, port: int | None) -> None:
    if port is None:
        return
    try:
        (listener,) = listen(settings.metrics_host, port, 1, MONITORING)
    except CannotListen as error:
        raise Failure(f"{error}") from error
    serve_metrics(current_app, listener)
    click.echo(f"Metrics on {settings.metrics_host}:{listener.getsockname()[1]}.")


def _told_to_stop() -> threading.Event:
    told = threading.Event()

    def stop(*_: object) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)  # a second signal stops at once
        told.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return told
