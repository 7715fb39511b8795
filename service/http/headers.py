"""Headers that every answer carries."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

from service.http.doorkeeper import STANDING
from service.http.limits import Standing

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ANSWERS_ABOUT_PEOPLE = frozenset({"application/json", "application/problem+json", "text/csv"})
ALWAYS = (("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"))
OF_PEOPLE = (
    *ALWAYS,
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
"""Such an answer is no page, whoever shows it as one."""


class HardenedAnswers:
    """The application, its headers completed as they leave it: a hook of Flask's takes ten times as long."""

    def __init__(self, application: "WSGIApplication", *, hsts_max_age_s: int) -> None:
        self._application = application
        kept_to_https = [("Strict-Transport-Security", f"max-age={hsts_max_age_s}")] if hsts_max_age_s else []
        self._always = (*ALWAYS, *kept_to_https)
        self._of_people = (*OF_PEOPLE, *kept_to_https)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        def answer(
            status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
        ) -> Callable[[bytes], object]:
            about_people = _media_type(headers) in ANSWERS_ABOUT_PEOPLE
            headers.extend(self._of_people if about_people else self._always)
            standing: Standing | None = environ.get(STANDING)
            if standing is not None:
                headers.extend(standing.headers())
            return start_response(status, headers, exc_info)

        return self._application(environ, answer)


def _media_type(headers: Iterable[tuple[str, str]]) -> str:
    for name, value in headers:
        if name == "Content-Type":
            return value.partition(";")[0]
    return ""


def install(app: Flask, *, hsts_max_age_s: int) -> None:
    app.wsgi_app = HardenedAnswers(app.wsgi_app, hsts_max_age_s=hsts_max_age_s)  # type: ignore[method-assign]  # Flask's own way to wrap it
