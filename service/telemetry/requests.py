"""One line per request, and the request id that ties it to everything else."""

import re
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Request

from providers.resilience.visits import spent_s
from providers.tracing import new_id
from service.http.callers import caller_of
from service.telemetry import tracing
from service.telemetry.metrics.requests import RequestMetrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET = frozenset({"/livez", "/readyz", "/health", "/metrics"})

log = structlog.get_logger()


class ToldRequests:
    """The application with a line, a count, a request id and a trace for each of its requests.

    Around Flask and not in its hooks: those look for the request in the context again and again, which
    takes longer than the work itself.
    """

    def __init__(self, application: "WSGIApplication", metrics: RequestMetrics) -> None:
        self._application = application
        self._metrics = metrics

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        brought = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = brought if REQUEST_ID.fullmatch(brought) else new_id(64)
        began_s = perf_counter() - spent_s()

        def answer(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            headers.append(("X-Request-ID", request_id))
            self._tell(environ, int(status[:3]), perf_counter() - began_s)
            return start_response(status, headers, exc_info)

        structlog.contextvars.bind_contextvars(request_id=request_id)
        tracing.begin(environ)
        try:
            return self._application(environ, answer)
        finally:
            structlog.contextvars.unbind_contextvars("request_id")
            tracing.end()

    def _tell(self, environ: "WSGIEnvironment", status: int, duration_s: float) -> None:
        """While Flask still holds the request."""
        request: Request = environ["werkzeug.request"]
        rule = request.url_rule.rule if request.url_rule else None
        self._metrics.answered(request.method, rule, status, duration_s)
        if rule in QUIET and status < 400:
            return
        caller = caller_of(environ)
        record = log.error if status >= 500 else log.info
        record(
            "request",
            method=request.method,
            rule=rule,  # never the path: a customer's id may be personal
            status=status,
            duration_ms=round(duration_s * 1000, 2),
            caller=caller.id if caller else None,
        )


def install(app: Flask, metrics: RequestMetrics) -> None:
    app.wsgi_app = ToldRequests(app.wsgi_app, metrics)  # type: ignore[method-assign]  # Flask's own way to wrap it
