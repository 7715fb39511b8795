"""What every command needs around it: sound settings, a database in shape, and an orderly end."""

from collections.abc import Callable
from functools import wraps
from typing import NoReturn, ParamSpec

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from providers.settings import SettingsError
from service.database import Database, DatabaseUnavailable
from service.http.components import component
from service.lifecycle import Lifecycle

BAD_SETTINGS = 2
_FAULT = "support.settings_fault"

P = ParamSpec("P")


class Failure(click.ClickException):
    """Ends the command with one sentence and the exit status 1."""


class SettingsFault(click.ClickException):
    exit_code = BAD_SETTINGS

    def __init__(self, error: SettingsError) -> None:
        super().__init__(f"The service cannot start with these settings:\n{error}")


class _OursOnly(AppGroup):
    """The commands of a service without settings: any other would have been made with them."""

    def __init__(self, error: SettingsError) -> None:
        super().__init__("service")
        self._error = error

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        command = super().get_command(ctx, cmd_name)
        if command is None:
            raise SettingsFault(self._error)
        return command


def without_settings(error: SettingsError) -> Flask:
    """An application whose commands can tell what is wrong with the settings, and do nothing else."""
    app = Flask("service", static_folder=None)
    app.cli = _OursOnly(error)
    app.extensions[_FAULT] = error
    return app


def settings_fault() -> SettingsError | None:
    fault: SettingsError | None = current_app.extensions.get(_FAULT)
    return fault


def with_service(command: Callable[P, None]) -> Callable[P, None]:
    """The command runs with every component there, and what it opened is closed after it."""

    @with_appcontext
    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        fault = settings_fault()
        if fault is not None:
            raise SettingsFault(fault)
        try:
            command(*args, **kwargs)
        except DatabaseUnavailable as error:
            raise Failure(f"The database cannot be used: {error}.") from error
        finally:
            close_service()

    return run


def close_service() -> None:
    lifecycle: Lifecycle = current_app.extensions["support.lifecycle"]
    lifecycle.stop()


def migrated_database() -> Database:
    """Ends the command where migrations are missing."""
    database = component(Database)
    if not database.at_head():
        _lacks_migrations()
    return database


def _lacks_migrations() -> NoReturn:
    raise Failure("The database lacks migrations. Make them with: flask --app wsgi db upgrade")
