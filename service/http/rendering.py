"""How answers become bytes, and what Flask need not do for an API."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from flask import Flask, Request, Response
from flask.json.provider import JSONProvider
from flask.sessions import NullSession, SessionInterface


class FastJson(JSONProvider):
    """UTF-8 JSON with fields in the order in which they are given."""

    def dumps(self, obj: Any, **_: Any) -> str:
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return msgspec.json.decode(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        return as_json(self._prepare_response_obj(args, kwargs))


def as_json(body: Any, status: int | None = None, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, headers, content_type="application/json")


class NoSessions(SessionInterface):
    """Callers show who they are with every request, so that no cookie is ever read or set."""

    none = NullSession()
    """One for all: it refuses to be written to."""

    def open_session(self, app: Flask, request: Request) -> NullSession:
        return self.none

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        """Never called: there is none."""


class Api(Flask):
    """Flask, which asks of each function whether it is `async` before each call. None is here."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def install(app: Flask) -> None:
    app.json = FastJson(app)
    app.session_interface = NoSessions()
