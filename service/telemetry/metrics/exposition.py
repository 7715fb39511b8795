"""The figures as Prometheus reads them."""

from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import make_wsgi_app

from service.telemetry.metrics import Metrics, sharing


class Exposition:
    """A WSGI application: one answer, whatever the path. It asks no provider and no database."""

    def __init__(self, metrics: Metrics) -> None:
        self._sampler = metrics.sampler
        self._render = make_wsgi_app(sharing.of_all_processes(metrics.registry))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._sampler.sample()
        rendered: Iterable[bytes] = self._render(environ, start_response)
        return rendered
