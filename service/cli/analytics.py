"""`flask --app wsgi analytics …`."""

from datetime import UTC, date, datetime

import click

from service.cli.fit_progress import progress
from service.cli.running import Failure, migrated_database, with_service
from service.clock import SystemClock, rfc3339
from service.errors import Conflict
from service.http.components import component
from service.performance.sealing import Sealing

THE_COMMAND = "command"


@click.group()
def analytics() -> None:
    """Look at the kept figures of agents, teams and tickets, seal them, and make them anew."""


@analytics.command()
@click.option("--quiet", is_flag=True, help="No progress.")
@with_service
def rebuild(*, quiet: bool) -> None:
    """Count everything anew from the events on, beginning at the seal.

    What is kept is kept up by itself; this proves it, and mends it where somebody changed the database. While
    it runs figures are incomplete, and answers say so by their as_of and lag. One that is broken off is gone
    on with by the running service, or by itself.
    """
    migrated_database()
    clock = SystemClock()
    started_s = clock.monotonic()
    with progress(clock, quiet=quiet) as told:
        counted = component(Sealing).rebuild(progress=told)
    click.echo(f"{counted:,} events counted anew, in {clock.monotonic() - started_s:.1f} s.")


@analytics.command(epilog="Such as: flask --app wsgi analytics seal --before 2026-01-01")
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="The first day (UTC) that is not sealed.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@with_service
def seal(*, before: datetime, quiet: bool) -> None:
    """Seal daily figures: those of earlier days never change again, and a rebuild begins there.

    What comes later about a time that is sealed counts at the first moment after. Nothing unseals.
    """
    migrated_database()
    day = before.date()
    try:
        with progress(SystemClock(), quiet=quiet) as told:
            sealed = component(Sealing).seal(day, by=THE_COMMAND, progress=told)
    except Conflict as error:
        raise Failure(str(error)) from error
    click.echo(f"Sealed: all before {day}." if sealed else "That was sealed already.")


@analytics.command()
@with_service
def status() -> None:
    """Tell how old the figures are, what is sealed, and how much is kept."""
    migrated_database()
    found = component(Sealing).status()
    freshness = found.freshness
    click.echo(f"as of       {rfc3339(freshness.as_of)}, event {freshness.position:,}")
    click.echo(f"lag         {freshness.lag:,} events")
    click.echo(f"sealed      {_sealed(freshness.sealed_before, found.sealed_at, found.sealed_by)}")
    click.echo(f"a rebuild   begins after event {found.base_position:,}")
    click.echo(f"kept        {found.rows:,} rows of figures, {found.histories:,} histories")


def _sealed(before: datetime | None, at: datetime | None, by: str | None) -> str:
    if before is None or at is None:
        return "nothing"
    return f"all before {_day(before)}, by {by} at {rfc3339(at)}"


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
