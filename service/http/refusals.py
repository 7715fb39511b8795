"""How each operation can refuse, as the OpenAPI document tells it: status by status, each with its cause."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from service.permissions import Permission, scopes_with

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

CAUSES = {
    400: "The body is no JSON",
    401: "No API key or access token that this service knows",
    403: "The caller lacks the permission",
    404: "What the address names is not there",
    409: "Does not fit what is there",
    412: "Has changed since it was read",
    413: "The body is larger than 1 MiB",
    415: "The body is not sent as JSON",
    422: "A field or parameter is wrong; `errors` names it",
    429: "Tried too often; `Retry-After` tells when to try again",
    503: "The database, every provider or a free thread is missing; `Retry-After` tells when to ask again",
}


def tell(operation: dict[str, Any], *, public: bool, addressed: bool) -> None:
    """`addressed`: the path names something that may not be there. What a view tells itself stays."""
    responses = operation["responses"]
    for status in _refusals(operation, public=public, addressed=addressed):
        responses.setdefault(str(status), {"$ref": f"#/components/responses/{HTTPStatus(status).name}"})
    responses.setdefault("default", {"description": "A problem", "content": PROBLEM})
    operation["responses"] = dict(sorted(responses.items()))


def needed(permission: Permission | None) -> str:
    if permission is None:
        return "Names no permission, and is open to nobody."
    scopes = " or ".join(f"`{scope}`" for scope in scopes_with(permission))
    return f"Needs the permission `{permission}`" + (
        f"; of an API key, the scope {scopes}." if scopes else "."
    )


def components() -> dict[str, Any]:
    """The answers that operations refer to."""
    told: dict[str, Any] = {
        HTTPStatus(status).name: {"description": cause, "content": PROBLEM}
        for status, cause in CAUSES.items()
    }
    for status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        told[status.name]["headers"] = {
            "Retry-After": {"description": "in seconds", "schema": {"type": "integer", "minimum": 1}}
        }
    return told


def _refusals(operation: Mapping[str, Any], *, public: bool, addressed: bool) -> Iterator[int]:
    if not public:
        yield from (401, 403)
    if addressed:
        yield 404
    if "requestBody" in operation:
        yield from (400, 413, 415)
    if "If-Match" in _parameters(operation):
        yield 412
    yield 503


def _parameters(operation: Mapping[str, Any]) -> set[str]:
    return {told["name"] for told in operation.get("parameters", []) if "name" in told}
