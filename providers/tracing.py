"""The trace that the work at hand belongs to (W3C Trace Context), and how a call out continues it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from random import getrandbits
from typing import NamedTuple

SAMPLED = 0x01
"""What we begin is recorded, as log lines: without this flag, tracing further on would skip it."""

VERSION = "00"


class Trace(NamedTuple):
    """`trace_id`: 32 hex digits, not all zero. `flags`: 0 to 255. `state`: a sound `tracestate`, or empty."""

    trace_id: str
    flags: int = SAMPLED
    state: str = ""

    def headers(self) -> dict[str, str]:
        """For one call to another service: this trace, with a span id of the call's own."""
        traceparent = f"{VERSION}-{self.trace_id}-{secrets.token_hex(8)}-{self.flags:02x}"
        if self.state:
            return {"traceparent": traceparent, "tracestate": self.state}
        return {"traceparent": traceparent}


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def new_id(bits: int) -> str:
    """In hex, to tell one from another; it keeps no secret.

    From a generator of the process, reseeded in each child: every question to the kernel lets another
    thread take the interpreter lock.
    """
    return f"{getrandbits(bits):0{bits // 4}x}"


def new_trace() -> Trace:
    return Trace(new_id(128))


def current() -> Trace | None:
    """Of the request or the background work that this thread is at; None outside of both."""
    return _current.get()


def enter(trace: Trace) -> None:
    """From now on this thread works for `trace`, until it enters another one or leaves."""
    _current.set(trace)


def leave() -> None:
    _current.set(None)


@contextmanager
def own_trace() -> Iterator[Trace]:
    """For work that no request waits for."""
    trace = new_trace()
    token = _current.set(trace)
    try:
        yield trace
    finally:
        _current.reset(token)


def outgoing_headers() -> dict[str, str]:
    """Anew for each attempt; a call that belongs to no trace begins one."""
    return (current() or new_trace()).headers()
