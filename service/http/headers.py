"""Headers that every answer carries."""

from flask import Flask, Response


def install(app: Flask) -> None:
    @app.after_request
    def _harden(response: Response) -> Response:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "no-referrer")
        if response.mimetype in {"application/json", "application/problem+json"}:
            response.headers.setdefault("Cache-Control", "no-store")  # answers speak of people
        return response
