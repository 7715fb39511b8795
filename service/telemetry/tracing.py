"""W3C Trace Context on the way in: the caller's trace goes on, else one begins with the request."""

from collections.abc import Mapping
from typing import Any

from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from providers import tracing
from providers.tracing import Trace

KNOWN_FLAGS = 0x03
"""Sampled and random; a sender of version 00 has to clear the others."""

_propagator = TraceContextTextMapPropagator()


def begin(environ: Mapping[str, Any]) -> None:
    """The trace of one request, for this thread. `environ`: of WSGI."""
    traceparent = environ.get("HTTP_TRACEPARENT")
    brought = _continued(traceparent, environ.get("HTTP_TRACESTATE")) if traceparent else None
    tracing.enter(brought or tracing.new_trace())


def end() -> None:
    """What this thread does next belongs to no trace."""
    tracing.leave()


def _continued(traceparent: str, tracestate: str | None) -> Trace | None:
    """None where the header is not one: then the whole context is ignored, its state too."""
    carrier = {"traceparent": [traceparent]}
    if tracestate:
        carrier["tracestate"] = [tracestate]
    span = trace.get_current_span(_propagator.extract(carrier)).get_span_context()
    if not span.is_valid:
        return None
    return Trace(
        trace_id=trace.format_trace_id(span.trace_id),
        flags=span.trace_flags & KNOWN_FLAGS,
        state=span.trace_state.to_header(),
    )
