"""Faults that show in the reply itself: those that take its place, and those that spoil it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from providers.testing.quimbi_simulator.dialect import Dialect
from providers.testing.quimbi_simulator.faults import Fault
from providers.testing.replies import Reply

HTML_PAGE = (
    "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)

ERROR_BODIES: Mapping[str, Any] = {
    "coded": {"error": {"code": "INTERNAL_ERROR", "message": "An unexpected error occurred", "details": {}}},
    "message_object": {"error": {"code": "HTTP_ERROR", "message": {"type": "overloaded_error"}}},
    "text": {"error": "Internal error", "message": "An unexpected error occurred"},
    "detail": {"detail": "Internal Server Error"},
}
"""By shape; beside these, `html` is a bare HTML page and `empty` no body at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a faulty reply is made of besides its parameters."""

    dialect: Dialect
    path: str
    customer_id: str
    now: datetime
    elsewhere: str


Parameters = Mapping[str, Any]
Replacement = Callable[[Scene, Parameters], Reply]


def _rate_limited(scene: Scene, parameters: Parameters) -> Reply:
    return replace(scene.dialect.rate_limited({}), headers=_retry_after(scene, parameters))


def _retry_after(scene: Scene, parameters: Parameters) -> dict[str, str]:
    seconds = parameters["retry_after_s"]
    if seconds is None:
        return {}
    if parameters.get("as_date"):
        return {"Retry-After": format_datetime(scene.now + timedelta(seconds=seconds), usegmt=True)}
    return {"Retry-After": str(seconds)}


def _unavailable(scene: Scene, parameters: Parameters) -> Reply:
    refusal = scene.dialect.error(503, "SERVICE_UNAVAILABLE", "The service is unavailable")
    return refusal.adding(_retry_after(scene, parameters))


def _server_error(_: Scene, parameters: Parameters) -> Reply:
    shape = parameters["shape"]
    if shape == "html":
        return _page(500)
    if shape == "empty":
        return Reply(status=500)
    return Reply.of(500, ERROR_BODIES[shape])


def _page(status: int) -> Reply:
    return Reply(status=status, body=HTML_PAGE.encode(), content_type="text/html")


def _redirect(scene: Scene, parameters: Parameters) -> Reply:
    location = parameters["location"] or f"{scene.elsewhere}{scene.path}"
    return Reply(status=parameters["status"], headers={"Location": location})


def _unauthorized(scene: Scene, _: Parameters) -> Reply:
    return scene.dialect.error(401, "INVALID_API_KEY", "The API key is invalid")


REPLACEMENTS: Mapping[Fault, Replacement] = {
    Fault.UNAUTHORIZED: _unauthorized,
    Fault.FORBIDDEN: lambda scene, _: scene.dialect.error(403, "HTTP_ERROR", "Invalid API key"),
    Fault.CUSTOMER_NOT_FOUND: lambda scene, _: scene.dialect.unknown_customer(scene.customer_id),
    Fault.UNKNOWN_ROUTE: lambda scene, _: scene.dialect.unknown_route(),
    Fault.RATE_LIMITED: _rate_limited,
    Fault.UNPROCESSABLE: lambda scene, _: scene.dialect.unprocessable({"body.customer_id": "Invalid value."}),
    Fault.SERVER_ERROR: _server_error,
    Fault.SERVER_ERROR_HTML: lambda scene, _: scene.dialect.error(500, "HTTP_ERROR", HTML_PAGE),
    Fault.BAD_GATEWAY: lambda *_: _page(502),
    Fault.UNAVAILABLE: _unavailable,
    Fault.GATEWAY_TIMEOUT: lambda *_: _page(504),
    Fault.ERROR_IN_200: lambda *_: Reply.of(200, {"error": "Profile service is not initialised"}),
    Fault.REDIRECT: _redirect,
    Fault.WRONG_CONTENT_TYPE: lambda *_: _page(200),
    Fault.GARBAGE: lambda *_: Reply(status=200, body=b"\x1f\x8b\x00{\xff\xfe" * 20),
    Fault.EMPTY_BODY: lambda *_: Reply(status=200),
}


def _truncated(reply: Reply, _: Parameters) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _with_nan(reply: Reply, parameters: Parameters) -> Reply:
    """Every number, or those under one field's name, however deep."""
    return Reply.of(reply.status, _spoilt(reply.content, parameters["field"]), reply.headers)


def _spoilt(value: Any, field: str | None, *, inside: bool = False) -> Any:
    hit = inside or field is None
    if isinstance(value, dict):
        return {name: _spoilt(part, field, inside=hit or name == field) for name, part in value.items()}
    if isinstance(value, list):
        return [_spoilt(part, field, inside=hit) for part in value]
    return math.nan if hit and isinstance(value, int | float) and not isinstance(value, bool) else value


def _huge(reply: Reply, parameters: Parameters) -> Reply:
    padded = {**reply.content, "padding": "x" * parameters["size_bytes"]}
    return replace(Reply.of(reply.status, padded, reply.headers), chunked=parameters["chunked"])


def _without_message(reply: Reply, _: Parameters) -> Reply:
    content = reply.content
    return Reply.of(200, {**content, "message": ""}, reply.headers) if "message" in content else reply


ALTERATIONS: Mapping[Fault, Callable[[Reply, Parameters], Reply]] = {
    Fault.NAN: _with_nan,
    Fault.EMPTY_MESSAGE: _without_message,
    Fault.HUGE_BODY: _huge,
    Fault.TRUNCATED_JSON: _truncated,
}
"""Applied to a good answer, in this order."""
