"""The commands that switch providers while the service runs; its processes follow within seconds."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from service.cli.operators import WHO, actor, bounded
from service.cli.running import Failure, migrated_database, with_service
from service.errors import DeskError, NotFound
from service.http.components import component
from service.provider_control.schemas import LONGEST_REASON
from service.provider_control.services import ProviderControl
from service.provider_control.switching import Cause, Switches
from service.provider_control.toggles import ToggleState

_WHY = click.option(
    "--reason", required=True, callback=bounded(LONGEST_REASON), help="Why; kept in the history."
)


@click.command()
@click.argument("name")
@_WHY
@WHO
@with_service
def enable(name: str, reason: str, by: str) -> None:
    """Ask the provider NAME again."""
    with _switching() as switches:
        _tell(switches.change(name, enabled=True, position=None, cause=_cause(by, reason)))


@click.command()
@click.argument("name")
@_WHY
@WHO
@with_service
def disable(name: str, reason: str, by: str) -> None:
    """Ask the provider NAME no more, nor serve what it once said; its settings are kept."""
    with _switching() as switches:
        _tell(switches.change(name, enabled=False, position=None, cause=_cause(by, reason)))


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_WHY
@WHO
@with_service
def order(names: tuple[str, ...], reason: str, by: str) -> None:
    """Ask each NAME in this order, and those that are not named after them."""
    with _switching() as switches:
        _tell(switches.arrange(names, _cause(by, reason)))


@click.command()
@_WHY
@WHO
@with_service
def reset(reason: str, by: str) -> None:
    """Enable all providers again, in the order that is configured."""
    with _switching() as switches:
        _tell(switches.reset(_cause(by, reason)))


@click.command("reset-circuit")
@click.argument("name")
@_WHY
@WHO
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
    return Cause(actor=actor(by), reason=reason)


def _tell(state: ToggleState) -> None:
    click.echo(f"Version {state.version}. Asked in this order: {', '.join(state.enabled) or 'none'}.")
    for sentence in component(ProviderControl).told(state).consequences:
        click.echo(sentence)
    click.echo("Running processes follow within 5 seconds; flask --app wsgi providers list shows them.")
