"""The OpenAPI 3.1 document, made from the schemas that validate, and a page to browse it."""

import re
import threading
from typing import Any
from urllib.parse import quote

from flask import Flask
from flask_smorest import Api, Blueprint
from flask_swagger_ui import get_swaggerui_blueprint
from marshmallow import Schema, fields
from werkzeug.routing import BaseConverter

from service import __version__
from service.http import precision, refusals
from service.http.callers import is_public, needed_by, public
from service.http.doorkeeper import UNCOUNTED
from service.http.examples import illustrate
from service.http.fields import Rfc3339
from service.http.idempotency import HEADER, LONGEST_KEY, REPLAYED_HEADER

DOCUMENT_PATH = "/openapi.json"
PAGE_PATH = "/docs"
PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'"
)
RULE_ARGUMENT = re.compile(r"<(?:[^:>]+:)?([^>]+)>")


class ProblemSchema(Schema):
    """RFC 9457; `errors` are there where a field is wrong."""

    type = fields.String(required=True, metadata={"example": "about:blank"})
    title = fields.String(required=True, metadata={"example": "Not Found"})
    status = fields.Integer(required=True, metadata={"example": 404})
    detail = fields.String(required=True, metadata={"example": "There is no customer 'cust_9'."})
    instance = fields.String(required=True)
    request_id = fields.String(required=True, allow_none=True)
    errors = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class PathId(BaseConverter):
    """One path segment that every database takes; in links it is escaped but for `[A-Za-z0-9._-]`."""

    regex = r"[^/\x00]{1,200}"

    def to_url(self, value: str) -> str:
        return quote(value, safe="").replace("~", "%7E")


class DocumentedApi(Api):
    """Makes the document when it is first asked for: that takes as long as all else that a start does."""

    ERROR_SCHEMA = ProblemSchema
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask) -> None:
        super().__init__(app)
        self._blueprints: list[Blueprint] = []
        self._making = threading.Lock()
        self._made: dict[str, Any] | None = None

    def register_blueprint(self, blueprint: Blueprint) -> None:
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._blueprints.append(blueprint)

    def document(self) -> dict[str, Any]:
        with self._making:
            if self._made is None:
                for blueprint in self._blueprints:
                    blueprint.register_views_in_doc(
                        self, self._app, self.spec, name=blueprint.name, parameters=None
                    )
                    self.spec.tag({"name": blueprint.name, "description": blueprint.description})
                self._made = _finished(self.spec.to_dict(), self._app)
            return self._made

    def _register_error_handlers(self) -> None:
        """`service.http.problems` is the one place that words errors."""


def configure(app: Flask) -> None:
    app.url_map.converters["id"] = PathId
    app.config.update(
        API_TITLE="Support desk",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={
            "info": {"description": "Tickets, customers, and what providers of intelligence say of them."},
            "security": [{"api_key": []}, {"access_token": []}],
            "components": {
                "securitySchemes": {
                    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                    "access_token": {
                        "type": "http",
                        "scheme": "bearer",
                        "bearerFormat": "JWT",
                        "description": "of POST /api/auth/login; good for 15 minutes",
                    },
                }
            },
        },
    )


def install(app: Flask, blueprints: list[Blueprint]) -> None:
    api = DocumentedApi(app)
    api.register_converter(PathId, _path_id)
    api.register_field(Rfc3339, "string", "date-time")
    for blueprint in blueprints:
        api.register_blueprint(blueprint)

    @app.get(DOCUMENT_PATH)
    @public
    def openapi_document() -> dict[str, Any]:
        return api.document()

    page = get_swaggerui_blueprint(PAGE_PATH, DOCUMENT_PATH, config={"app_name": "Support desk"})

    @page.after_request
    def _confine(response: Any) -> Any:
        response.headers["Content-Security-Policy"] = PAGE_POLICY
        return response

    app.register_blueprint(page)
    for endpoint, view in app.view_functions.items():
        if endpoint.startswith(f"{page.name}."):
            public(view)


def _path_id(_converter: BaseConverter) -> dict[str, Any]:
    return {"type": "string", "minLength": 1, "maxLength": 200}


def _finished(document: dict[str, Any], app: Flask) -> dict[str, Any]:
    """Name each operation, and tell who may call it and how it refuses."""
    document["components"].setdefault("responses", {}).update(refusals.components())
    illustrate(document["components"]["schemas"])
    for rule in app.url_map.iter_rules():
        path = document["paths"].get(RULE_ARGUMENT.sub(r"{\1}", rule.rule))
        for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"} if path else ():
            operation = path[method.lower()]
            operation["operationId"] = rule.endpoint.rpartition(".")[2]
            view = app.view_functions[rule.endpoint]
            if is_public(view):
                operation["security"] = []
            else:
                operation["description"] = refusals.needed(needed_by(view))
            if getattr(view, "idempotent", False):
                _tell_of_keys(operation)
            refusals.tell(
                operation,
                public=is_public(view),
                addressed=bool(rule.arguments),
                counted=rule.rule not in UNCOUNTED,
            )
    precision.put_right(document)
    return document


def _tell_of_keys(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(
        {
            "name": HEADER,
            "in": "header",
            "schema": {
                "type": "string",
                "minLength": 1,
                "maxLength": LONGEST_KEY,
                "pattern": "^[ -~]+$",
                "example": "0b7c4a52-5f3e-4d0b-9f0e-2f6f0c1f6a11",
                "description": "new for each request; one sent again with its key gets the first answer",
            },
        }
    )
    responses = operation["responses"]
    for status in {"200", "201"} & set(responses):
        told = {"description": "the answer is that of an earlier request", "schema": {"const": "true"}}
        responses[status].setdefault("headers", {})[REPLAYED_HEADER] = told
    in_flight = f"Does not fit what is there, or the first request with this {HEADER} is in flight"
    responses["409"] = {"description": in_flight, "content": refusals.PROBLEM}
    another = f"The {HEADER} is another request's"
    responses.setdefault("422", {"description": another, "content": refusals.PROBLEM})
