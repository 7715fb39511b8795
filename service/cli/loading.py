"""How `flask --app wsgi …` gets its application, also where the settings do not allow one."""

import os
from collections.abc import Callable
from dataclasses import replace

import click
from flask import Flask

from providers.settings import SettingsError
from service.cli import install
from service.cli.running import SettingsFault, without_settings
from service.settings import Settings, read_environment


def load(make_app: Callable[[Settings], Flask]) -> Flask:
    """Raises `SettingsError`, but not under one of our commands: these word it, or do without."""
    context = click.get_current_context(silent=True)
    try:
        environment = read_environment(os.environ)
        settings = Settings.parse(environment)
        if context is None or _is_builtin(context):
            return make_app(settings)
        return _quietly(make_app, settings, environment.get("LOG_LEVEL", ""))
    except SettingsError as error:
        if context is None:
            raise
        if _is_builtin(context):
            raise SettingsFault(error) from None
        app = without_settings(error)
        install(app)
        return app


def _is_builtin(context: click.Context) -> bool:
    """Flask's own commands load the application from within; ours are looked up in it, from the root."""
    return context.parent is not None


def _quietly(make_app: Callable[[Settings], Flask], settings: Settings, wished_level: str) -> Flask:
    """The terminal is for what the command prints, unless a level is asked for."""
    try:
        return make_app(settings if wished_level.strip() else replace(settings, log_level="WARNING"))
    except OSError as error:
        if settings.log_file is None:
            raise
        reason = f"Cannot be written ({error.strerror}); name a file in a directory that can be written to."
        raise SettingsError({"LOG_FILE": [reason]}) from error
