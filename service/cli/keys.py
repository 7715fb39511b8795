import hashlib
import re
import secrets

import click

from service.permissions import Scope

KEY_BYTES = 32
KEY_PREFIX = "sd_"
NAME = re.compile(r"[a-z0-9_-]{1,40}")


@click.group()
def keys() -> None:
    """Make API keys for callers of the service."""


def _check_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    if not NAME.fullmatch(name):
        raise click.BadParameter("a name is 1 to 40 of a-z, 0-9, - and _")
    return name


@keys.command()
@click.argument("name", callback=_check_name)
@click.argument(
    "scopes", metavar="SCOPE...", nargs=-1, required=True, type=click.Choice([scope.value for scope in Scope])
)
def make(name: str, scopes: tuple[str, ...]) -> None:
    """Make a key called NAME that may do what each SCOPE allows: desk, admin, metrics.

    The key is shown once and kept nowhere; only its hash goes into the settings.
    """
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    digest = hashlib.sha256(key.encode()).hexdigest()
    granted = "+".join(sorted(set(scopes)))
    click.echo(f"The key, for the caller's X-API-Key header; it is not shown again:\n\n  {key}\n")
    click.echo(
        f"Its entry in BOOTSTRAP_API_KEYS, comma-separated from others:\n\n  {name}:{granted}:{digest}"
    )
