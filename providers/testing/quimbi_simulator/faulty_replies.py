"""Faults that show in the reply itself: those that take its place, and those that spoil it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from providers.testing.quimbi_simulator.dialect import Dialect
from providers.testing.quimbi_simulator.faults import Fault
from providers.testing.replies import Reply
from providers.testing.spoiling import HTML_PAGE, garbage, page, truncated, without_numbers

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
        return page(500)
    if shape == "empty":
        return Reply(status=500)
    return Reply.of(500, ERROR_BODIES[shape])


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
    Fault.BAD_GATEWAY: lambda *_: page(502),
    Fault.UNAVAILABLE: _unavailable,
    Fault.GATEWAY_TIMEOUT: lambda *_: page(504),
    Fault.ERROR_IN_200: lambda *_: Reply.of(200, {"error": "Profile service is not initialised"}),
    Fault.REDIRECT: _redirect,
    Fault.WRONG_CONTENT_TYPE: lambda *_: page(200),
    Fault.GARBAGE: lambda *_: garbage(),
    Fault.EMPTY_BODY: lambda *_: Reply(status=200),
}


def _huge(reply: Reply, parameters: Parameters) -> Reply:
    padded = {**reply.content, "padding": "x" * parameters["size_bytes"]}
    return replace(Reply.of(reply.status, padded, reply.headers), chunked=parameters["chunked"])


def _without_message(reply: Reply, _: Parameters) -> Reply:
    content = reply.content
    return Reply.of(200, {**content, "message": ""}, reply.headers) if "message" in content else reply


ALTERATIONS: Mapping[Fault, Callable[[Reply, Parameters], Reply]] = {
    Fault.NAN: lambda reply, parameters: without_numbers(reply, parameters["field"]),
    Fault.EMPTY_MESSAGE: _without_message,
    Fault.HUGE_BODY: _huge,
    Fault.TRUNCATED_JSON: lambda reply, _: truncated(reply),
}
"""Applied to a good answer, in this order."""
