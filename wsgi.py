"""`flask --app wsgi …` finds the application here; `python wsgi.py` serves it."""

import argparse
import os
import sys
from functools import partial

from flask import Flask

from providers.settings import SettingsError
from service import app as application
from service.cli.loading import load
from service.server import CannotListen, serve
from service.settings import Settings, read_environment
from service.telemetry.logging import configure

__all__ = ["create_app", "main"]

FLAGS = {"host": "HOST", "port": "PORT", "threads": "THREADS", "processes": "PROCESSES"}

BAD_START = 1
BAD_SETTINGS = 2


def create_app() -> Flask:
    """For `flask --app wsgi …` and other servers."""
    return load(application.create_app)


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
    except SettingsError as error:
        sys.stderr.write(f"The service cannot start with these settings:\n{error}\n")
        return BAD_SETTINGS
    configure(settings.log_level, settings.log_file)
    if options.bootstrap:
        from service.bootstrap import prepare  # noqa: PLC0415  # the sample data is no part of a plain start

        prepare(settings)
    try:
        return serve(partial(application.create_app, settings), settings, on_ready=_say_ready)
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        return BAD_START


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python wsgi.py",
        description="Serve the support desk. A flag goes before the environment, that before .env.",
    )
    parser.add_argument("--host", help="address to listen on (HOST, 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on; 0 for any free one (PORT, 8000)")
    parser.add_argument("--threads", help="threads for routes that wait for no provider (THREADS, 8)")
    parser.add_argument("--processes", help="processes that share the port (PROCESSES, 1)")
    parser.add_argument(
        "--bootstrap",
        action="store_true",
        help="development unless set otherwise; migrate; sample data where the database is empty",
    )
    return parser


def _settings(options: argparse.Namespace) -> Settings:
    environment = read_environment(os.environ)
    if options.bootstrap and not environment.get("ENVIRONMENT", "").strip():
        environment["ENVIRONMENT"] = "development"
    given = {variable: getattr(options, flag) for flag, variable in FLAGS.items()}
    return Settings.parse(environment | {name: value for name, value in given.items() if value is not None})


def _say_ready(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{port}"
    sys.stdout.write(
        f"Ready on {url}. Try:\n"
        f"  {url}/docs\n"
        f"  {url}/api/ai/customers/cust_123/intelligence\n"
        f"  {url}/api/ai/tickets/ticket_123/draft-response\n"
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
