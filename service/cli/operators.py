"""Who is at the machine: kept with what they change."""

import getpass
import os
from collections.abc import Callable

import click

from service.http.fields import storable

LONGEST_NAME = 100


def bounded(longest: int) -> Callable[[click.Context, click.Parameter, str], str]:
    def check(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
        text = given.strip()
        if not 1 <= len(text) <= longest or not storable(text):
            raise click.BadParameter(f"must be 1 to {longest} characters that can be stored")
        return text

    return check


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without an account, as in containers
        return f"uid-{os.getuid()}"


def actor(by: str) -> str:
    return f"cli:{by}"


WHO = click.option(
    "--by",
    default=_system_user,
    callback=bounded(LONGEST_NAME),
    show_default="the operating system's user",
    help="Who; kept in the history as cli:WHO.",
)
