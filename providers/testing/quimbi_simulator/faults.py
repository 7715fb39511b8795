"""What can go wrong, and where it is told to."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from providers.testing.quimbi_simulator.dialect import Endpoint

ERROR_SHAPES = ("coded", "message_object", "text", "detail", "html", "empty")


class Fault(StrEnum):
    LATENCY = "latency"
    LOCK_UP = "lock_up"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    CUSTOMER_NOT_FOUND = "customer_not_found"
    UNKNOWN_ROUTE = "unknown_route"
    RATE_LIMITED = "rate_limited"
    UNPROCESSABLE = "unprocessable"
    SERVER_ERROR = "server_error"
    SERVER_ERROR_HTML = "server_error_html"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    HANG = "hang"
    DRIPPING_HEADER = "dripping_header"
    DRIPPING_BODY = "dripping_body"
    CUT = "cut"
    CUT_BODY = "cut_body"
    TRUNCATED_JSON = "truncated_json"
    NAN = "nan"
    ERROR_IN_200 = "error_in_200"
    HUGE_BODY = "huge_body"
    EMPTY_BODY = "empty_body"
    EMPTY_MESSAGE = "empty_message"
    EMPTY_ROW = "empty_row"
    BROKEN_ROW = "broken_row"
    OTHER_CUSTOMER = "other_customer"
    REDIRECT = "redirect"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    GARBAGE = "garbage"


def _number(default: float | None, *, minimum: float = 0) -> fields.Float:
    return fields.Float(
        load_default=default, allow_none=default is None, validate=validate.Range(min=minimum)
    )


def _whole(default: int, *, minimum: int = 1, maximum: int | None = None) -> fields.Integer:
    return fields.Integer(load_default=default, strict=True, validate=validate.Range(minimum, maximum))


def _flag() -> fields.Boolean:
    return fields.Boolean(load_default=False)


PARAMETERS: Mapping[Fault, Mapping[str, fields.Field[Any]]] = {
    Fault.LATENCY: {"seconds": _number(1.0), "whole_process": _flag()},
    Fault.LOCK_UP: {"parallel": _whole(10), "seconds": _number(30.0)},
    Fault.RATE_LIMITED: {"retry_after_s": _whole(30, minimum=0), "as_date": _flag()},
    Fault.SERVER_ERROR: {
        "shape": fields.String(load_default="coded", validate=validate.OneOf(ERROR_SHAPES)),
    },
    Fault.UNAVAILABLE: {"retry_after_s": fields.Integer(load_default=None, allow_none=True, strict=True)},
    Fault.DRIPPING_HEADER: {"interval_s": _number(0.5)},
    Fault.DRIPPING_BODY: {"interval_s": _number(0.5)},
    Fault.CUT: {"reset": _flag()},
    Fault.CUT_BODY: {"reset": _flag()},
    Fault.NAN: {"field": fields.String(load_default=None, allow_none=True)},
    Fault.HUGE_BODY: {"size_bytes": _whole(2 * 1024 * 1024), "chunked": _flag()},
    Fault.REDIRECT: {
        "location": fields.String(load_default=None, allow_none=True),
        "status": fields.Integer(load_default=307, validate=validate.OneOf((301, 302, 303, 307, 308))),
    },
}
"""A fault that is not listed takes no parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedFault:
    """None for `endpoint` or `customer_id` means every one; `/health` must be named to be hit."""

    fault: Fault
    endpoint: Endpoint | None = None
    customer_id: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        schema = Schema.from_dict(dict(PARAMETERS.get(self.fault, {})))()
        try:
            object.__setattr__(self, "parameters", schema.load(self.parameters))
        except ValidationError as invalid:
            raise ValueError(f"{self.fault}: {invalid.messages}") from None

    def hits(self, endpoint: Endpoint, customer_id: str | None) -> bool:
        here = endpoint is not Endpoint.HEALTH if self.endpoint is None else endpoint is self.endpoint
        return here and self.customer_id in (None, customer_id)


@dataclass(frozen=True, slots=True)
class Hits:
    """The faults that hit one call, and the event that ends their waits."""

    faults: tuple[InjectedFault, ...]
    released: threading.Event

    def parameters(self, fault: Fault) -> Mapping[str, Any] | None:
        """Those of the first such fault, None where it does not hit."""
        return next((hit.parameters for hit in self.faults if hit.fault is fault), None)


@dataclass(slots=True)
class _Standing:
    injected: InjectedFault
    remaining: int | None


class FaultBoard:
    def __init__(self) -> None:
        self._standing: list[_Standing] = []
        self._released = threading.Event()
        self._lock = threading.Lock()

    def inject(self, injected: InjectedFault, *, times: int | None) -> None:
        if times is not None and times < 1:
            raise ValueError("times must be at least 1")
        with self._lock:
            self._standing.append(_Standing(injected, times))

    def clear(self) -> None:
        """Forget every fault; calls that wait under one go on at once."""
        with self._lock:
            self._standing.clear()
            self._released.set()
            self._released = threading.Event()

    def hits(self, endpoint: Endpoint, customer_id: str | None) -> Hits:
        """The faults for one call, each counted as used."""
        with self._lock:
            hitting = [entry for entry in self._standing if entry.injected.hits(endpoint, customer_id)]
            for entry in hitting:
                if entry.remaining is not None:
                    entry.remaining -= 1
            self._standing = [entry for entry in self._standing if entry.remaining != 0]
            return Hits(tuple(entry.injected for entry in hitting), self._released)

    def state(self) -> list[dict[str, Any]]:
        with self._lock:
            return [
                {
                    "fault": entry.injected.fault,
                    "endpoint": entry.injected.endpoint,
                    "customer_id": entry.injected.customer_id,
                    "remaining": entry.remaining,
                    "parameters": dict(entry.injected.parameters),
                }
                for entry in self._standing
            ]
