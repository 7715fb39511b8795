"""Headers that every answer carries."""

from flask import Flask, Response

ANSWERS_ABOUT_PEOPLE = frozenset({"application/json", "application/problem+json"})


def install(app: Flask) -> None:
    @app.after_request
    def _harden(response: Response) -> Response:
        headers = response.headers
        headers.add("X-Content-Type-Options", "nosniff")
        headers.add("Referrer-Policy", "no-referrer")
        if response.mimetype in ANSWERS_ABOUT_PEOPLE:
            headers.add("Cache-Control", "no-store")
        return response
