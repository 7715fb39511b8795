"""Errors on the wire: RFC 9457 problem+json, worded in one place."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus
from itertools import islice
from typing import Any

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from providers.errors import NoAnswer, ProviderError
from service.database import DatabaseUnavailable
from service.errors import (
    Busy,
    Conflict,
    DeskError,
    Forbidden,
    InvalidField,
    NotFound,
    Stale,
    Throttled,
    Unauthenticated,
)

CONTENT_TYPE = "application/problem+json"
log = structlog.get_logger()

Errors = dict[str, list[str]]

MOST_ERRORS = 100
LONGEST_FIELD_NAME = 100
CHALLENGE = {"WWW-Authenticate": 'ApiKey realm="support", Bearer realm="support"'}


class Problem(Exception):
    """`detail` is a plain sentence that clients show to people; `errors`: field → what is wrong with it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: Errors | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})


def problem_body(
    status: int, detail: str, *, instance: str, request_id: str | None, errors: Errors | None = None
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "request_id": request_id,
    }
    return {**body, "errors": errors} if errors else body


def respond(problem: Problem) -> Response:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    body = problem_body(
        problem.status, problem.detail, instance=request.path, request_id=request_id, errors=problem.errors
    )
    return Response(
        json.dumps(body, separators=(",", ":")), problem.status, problem.headers, content_type=CONTENT_TYPE
    )


PLAINER = {
    "Invalid input type.": "Must be an object.",
    "Not a valid mapping type.": "Must be an object.",
    "Not a valid list.": "Must be a list.",
}
"""What the library says without the cure, and what is said instead."""


def flatten(messages: Any, path: str = "") -> Errors:
    """Nested validation messages as `tags.0` → messages."""
    if isinstance(messages, Mapping):
        flat: Errors = {}
        for key, value in messages.items():
            flat |= flatten(value, path if key == "_schema" else f"{path}.{key}".lstrip("."))
        return flat
    return {path or "body": [PLAINER.get(str(message), str(message)) for message in messages]}


def _bounded(errors: Errors) -> Errors:
    """Field names are the caller's too: a body of nothing but unknown fields is not sent back whole."""
    return {field[:LONGEST_FIELD_NAME]: texts for field, texts in islice(errors.items(), MOST_ERRORS)}


def retry_after(seconds: float | None) -> dict[str, str]:
    return {"Retry-After": str(max(1, math.ceil(seconds if seconds is not None else 5)))}


def _of_http_exception(error: HTTPException) -> Problem | HTTPException:
    if error.code is None or error.code < 400:  # a redirect to the address with its slash
        return error
    messages = getattr(error, "data", {}).get("messages")
    if error.code == HTTPStatus.UNPROCESSABLE_ENTITY and messages:
        errors = _bounded(
            {field: texts for part in messages.values() for field, texts in flatten(part).items()}
        )
        field, texts = next(iter(errors.items()))
        return Problem(error.code, f"{field}: {texts[0]}", errors=errors)
    details = {
        404: "There is nothing at this address.",
        405: f"{request.method} is not possible here.",
        413: "The body is larger than 1 MiB; send less at once.",
        500: "Something went wrong on our side; the request id tells us where to look.",
    }
    detail = details.get(error.code) or (error.description or HTTPStatus(error.code).phrase)
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return Problem(error.code, detail, headers=headers)


STATUSES: Mapping[type[DeskError], int] = {NotFound: 404, Forbidden: 403, Conflict: 409, Stale: 412}


def _of_desk_error(error: DeskError) -> Problem:
    match error:
        case InvalidField(field=field):
            return Problem(422, f"{field}: {error}", errors={field: [str(error)]})
        case Unauthenticated():
            return Problem(401, str(error), headers=CHALLENGE)
        case Throttled(retry_after_s=retry_after_s):
            status = 503 if isinstance(error, Busy) else 429
            return Problem(status, str(error), headers=retry_after(retry_after_s))
        case _:
            known = (status for kind, status in STATUSES.items() if isinstance(error, kind))
            return Problem(next(known, 400), str(error))


def _of_provider_error(error: ProviderError) -> Problem:
    off = " and the fallback is switched off" if isinstance(error, NoAnswer) else ""
    detail = f"No intelligence provider can answer now ({error.reason}){off}."
    return Problem(503, detail, headers=retry_after(error.retry_after_s))


def install(app: Flask) -> None:
    @app.errorhandler(Problem)
    def _problem(error: Problem) -> Response:
        return respond(error)

    @app.errorhandler(HTTPException)
    def _http(error: HTTPException) -> Response | HTTPException:
        answer = _of_http_exception(error)
        return respond(answer) if isinstance(answer, Problem) else answer

    @app.errorhandler(DeskError)
    def _desk(error: DeskError) -> Response:
        return respond(_of_desk_error(error))

    @app.errorhandler(ProviderError)
    def _provider(error: ProviderError) -> Response:
        return respond(_of_provider_error(error))

    @app.errorhandler(DatabaseUnavailable)
    def _database(error: DatabaseUnavailable) -> Response:
        cause = (
            getattr(error.__cause__, "orig", None) or error.__cause__
        )  # the driver's word, DeadlockDetected say
        log.error("database_unavailable", error=type(cause).__name__)
        detail = "The database cannot be reached at the moment; please try again shortly."
        return respond(Problem(503, detail, headers=retry_after(2)))

    @app.errorhandler(Exception)
    def _unexpected(error: Exception) -> Response:
        log.error("request_failed", exc_info=error)
        return respond(
            Problem(500, "Something went wrong on our side; the request id tells us where to look.")
        )
