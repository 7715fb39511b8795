"""`flask --app wsgi …`."""

from flask import Flask


def install(app: Flask) -> None:
    pass
