"""The commands that switch providers while the service runs; its processes follow within seconds."""

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from service.cli.running import Failure, migrated_database, with_service
from service.errors import DeskError, NotFound
from service.http.components import component
from service.http.fields import storable
from service.provider_control.schemas import LONGEST_REASON
from service.provider_control.services import ProviderControl
from service.provider_control.switching import Cause, Switches
from service.provider_control.toggles import ToggleState

LONGEST_NAME = 100


def _bounded(longest: int) -> Callable[[click.Context, click.Parameter, str], str]:
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


_WHY = click.option(
    "--reason", required=True, callback=_bounded(LONGEST_REASON), help="Why; kept in the history."
)
_WHO = click.option(
    "--by",
    default=_system_user,
    callback=_bounded(LONGEST_NAME),
    show_default="the operating system's user",
    help="Who; kept in the history as cli:WHO.",
)


@click.command()
@click.argument("name")
@_WHY
@_WHO
@with_service
def enable(name: str, reason: str, by: str) -> None:
    """Ask the provider NAME again."""
    with _switching() as switches:
        _tell(switches.change(name, enabled=True, position=None, cause=_cause(by, reason)))


@click.command()
@click.argument("name")
@_WHY
@_WHO
@with_service
def disable(name: str, reason: str, by: str) -> None:
    """Ask the provider NAME no more, nor serve what it once said; its settings are kept."""
    with _switching() as switches:
        _tell(switches.change(name, enabled=False, position=None, cause=_cause(by, reason)))


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_WHY
@_WHO
@with_service
def order(names: tuple[str, ...], reason: str, by: str) -> None:
    """Ask each NAME in this order, and those that are not named after them."""
    with _switching() as switches:
        _tell(switches.arrange(names, _cause(by, reason)))


@click.command()
@_WHY
@_WHO
@with_service
def reset(reason: str, by: str) -> None:
    """Enable all providers again, in the order that is configured."""
    with _switching() as switches:
        _tell(switches.reset(_cause(by, reason)))


@click.command("reset-circuit")
@click.argument("name")
@_WHY
@_WHO
@with_service
def reset_circuit(name: str, reason: str, by: str) -> None:
    """Close the circuits of the provider NAME and end its pause, in every process."""
    with _switching() as switches:
        _tell(switches.reset_circuit(name, _cause(by, reason)))


COMMANDS = (enable, disable, order, reset, reset_circuit)


@contextmanager
def _switching() -> Iterator[Switches]:
    migrated_database()
    try:
        yield component(Switches)
    except NotFound as error:
        raise click.BadParameter(str(error)) from error
    except DeskError as error:
        raise Failure(str(error)) from error


def _cause(by: str, reason: str) -> Cause:
    return Cause(actor=f"cli:{by}", reason=reason)


def _tell(state: ToggleState) -> None:
    click.echo(f"Version {state.version}. Asked in this order: {', '.join(state.enabled) or 'none'}.")
    for sentence in component(ProviderControl).told(state).consequences:
        click.echo(sentence)
    click.echo("Running processes follow within 5 seconds; flask --app wsgi providers list shows them.")
