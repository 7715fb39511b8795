"""API keys: of the environment, which are made here, and of the table, which are kept there."""

import re
from datetime import timedelta

import click

from service.access.models import ApiKey
from service.access.schemas import KEY_NAME, MOST_ORIGINS
from service.access.secrets import digest, new_key
from service.access.services import ApiKeys, NewKey
from service.cli.operators import WHO, actor
from service.cli.running import Failure, migrated_database, with_service
from service.cli.tables import echo_table
from service.clock import SystemClock, rfc3339
from service.errors import DeskError, NotFound
from service.http.components import component
from service.http.pagination import MAX_LIMIT, Page
from service.permissions import Scope, granted_to
from service.settings import ORIGIN

NAME = re.compile(KEY_NAME)
LONGEST_DAYS = 3_650
EVERYTHING = granted_to(frozenset(Scope))
"""Whoever is at the machine could as well put a key into the settings."""


@click.group()
def keys() -> None:
    """Make, list and revoke API keys for callers of the service."""


def _check_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not NAME.fullmatch(name):
        raise click.BadParameter("a name is 1 to 40 of a-z, 0-9, - and _")
    return name


def _check_origins(
    _context: click.Context, _parameter: click.Parameter, origins: tuple[str, ...]
) -> tuple[str, ...]:
    if len(origins) > MOST_ORIGINS or not all(map(ORIGIN.fullmatch, origins)):
        raise click.BadParameter(f"up to {MOST_ORIGINS} of scheme://host[:port], without a path")
    return origins


_NAME = click.argument("name", callback=_check_name)
_SCOPES = click.argument(
    "scopes", metavar="SCOPE...", nargs=-1, required=True, type=click.Choice([scope.value for scope in Scope])
)


@keys.command()
@_NAME
@_SCOPES
def make(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key for the settings, called NAME, that may do what each SCOPE allows.

    It works before there is a database. The key is shown once and kept nowhere; only its hash goes into
    the settings.
    """
    key = new_key()
    granted = "+".join(sorted(set(scopes)))
    click.echo(f"The key, for the caller's X-API-Key header; it is not shown again:\n\n  {key}\n")
    click.echo(
        f"Its entry in BOOTSTRAP_API_KEYS, comma-separated from others:\n\n  {name}:{granted}:{digest(key)}"
    )


@keys.command()
@_NAME
@_SCOPES
@click.option(
    "--origin",
    "origins",
    multiple=True,
    callback=_check_origins,
    help="Of a web page; the key is good from there alone, with the scope form.",
)
@click.option("--days", type=click.IntRange(1, LONGEST_DAYS), help="Good for so many; unset, until revoked.")
@WHO
@with_service
def create(name: str, scopes: tuple[str, ...], origins: tuple[str, ...], days: int | None, by: str) -> None:
    """Create a key in the database, called NAME, that may do what each SCOPE allows.

    It is good at once, in every process. The key is shown once; only its hash is kept.
    """
    migrated_database()
    new = NewKey(
        name=name,
        scopes=frozenset(scopes),
        origins=frozenset(origins),
        expires_at=SystemClock().now() + timedelta(days=days) if days else None,
    )
    try:
        made = component(ApiKeys).create(new, actor=actor(by), grants=EVERYTHING)
    except DeskError as error:
        raise Failure(str(error)) from error
    click.echo(f"The key, for the caller's X-API-Key header; it is not shown again:\n\n  {made.secret}")


@keys.command("list")
@with_service
def list_keys() -> None:
    """List the keys in the database, the newest first; those of the settings are not among them."""
    migrated_database()
    shown = component(ApiKeys).listing(Page.asked(page=1, limit=MAX_LIMIT, cursor=None))
    echo_table(
        ("NAME", "BEGINS", "SCOPES", "ORIGINS", "EXPIRES", "LAST USED", "STATE"),
        [
            (
                key.name,
                key.prefix,
                "+".join(key.scopes),
                " ".join(key.origins) or "any",
                rfc3339(key.expires_at) if key.expires_at else "-",
                rfc3339(key.last_used_at) if key.last_used_at else "-",
                _state(key),
            )
            for key in shown.rows
        ],
    )
    if shown.pagination.has_next:
        click.echo(f"The newest {MAX_LIMIT} of {shown.pagination.total}; GET /api/admin/keys lists them all.")


@keys.command()
@_NAME
@WHO
@with_service
def revoke(name: str, by: str) -> None:
    """Revoke the key called NAME for good: within seconds every process refuses it."""
    migrated_database()
    api_keys = component(ApiKeys)
    try:
        api_keys.revoke(api_keys.named(name).id, actor=actor(by))
    except NotFound as error:
        raise click.BadParameter(str(error)) from error
    click.echo(f"{name} is revoked; running processes refuse it within 5 seconds.")


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= SystemClock().now():
        return "expired"
    return "good"
