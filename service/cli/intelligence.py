"""`flask --app wsgi intelligence …`."""

from pathlib import Path

import click

from providers.statistics import Backtest
from service.cli.fit_progress import progress
from service.cli.fit_tables import echo_backtests, echo_parameters
from service.cli.running import Failure, migrated_database, with_service
from service.clock import SystemClock
from service.customer_base.fitting import HORIZON_DAYS, ORIGINS, PastTooShort
from service.customer_base.services import CustomerBaseServices
from service.http.components import component

THE_COMMAND = "command"
WITHOUT_MATPLOTLIB = (
    "A plot needs matplotlib, which is not installed: pip install 'support-desk[plots]'. "
    "The same deciles are printed without --plot."
)
TOO_SHORT = (
    "The desk's past is too short for a backtest: it needs customers who had ordered before {days} days ago."
)


@click.group()
def intelligence() -> None:
    """Fit, test and explain what is computed from the desk's own orders."""


@intelligence.command()
@click.option("--force", is_flag=True, help="Adopt it although it foretells the past worse.")
@click.option("--quiet", is_flag=True, help="No progress.")
@with_service
def fit(*, force: bool, quiet: bool) -> None:
    """Fit the model to all customers, and use it from now on.

    It is kept as a new version with its backtest. One that foretells the desk's own past worse than the
    version in use is kept and not used, and the command exits with 1. A job does the same every night;
    every process goes by a new version within seconds.
    """
    migrated_database()
    clock = SystemClock()
    started_s = clock.monotonic()
    with progress(clock, quiet=quiet) as told:
        fitted = component(CustomerBaseServices).fits.fit(by=THE_COMMAND, force=force, progress=told)
    echo_parameters(fitted.parameters)
    click.echo(f"Version {fitted.parameters.version}, in {clock.monotonic() - started_s:.1f} s.")
    if not fitted.adopted:
        raise Failure(f"Not used: {fitted.refusal} Where you really want it: --force")
    if fitted.refusal:
        click.echo(f"Used because of --force: {fitted.refusal}")


@intelligence.command(epilog="Such as: flask --app wsgi intelligence backtest --origins 4 --plot deciles.png")
@click.option(
    "--origins",
    type=click.IntRange(1, 24),
    default=ORIGINS,
    show_default=True,
    help="How many days to foretell from.",
)
@click.option(
    "--horizon",
    "horizon_days",
    type=click.IntRange(7, 365),
    default=HORIZON_DAYS,
    show_default=True,
    help="Days to foretell; the origins are as far apart.",
)
@click.option(
    "--plot",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Also draw the deciles as a PNG.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@with_service
def backtest(*, origins: int, horizon_days: int, plot: Path | None, quiet: bool) -> None:
    """Foretell the desk's own past from what was known then, and compare.

    At each origin the model is fitted to what had happened by then, and what it says is compared with what
    came. Nothing is changed.
    """
    from providers.statistical.showing import deciles_as_text  # noqa: PLC0415  # it loads numpy

    migrated_database()
    services = component(CustomerBaseServices)
    try:
        with progress(SystemClock(), quiet=quiet) as told:
            own, current = services.fits.backtest(
                horizon_days=horizon_days, origins=origins, current=services.versions.in_use(), progress=told
            )
    except PastTooShort as error:
        raise Failure(TOO_SHORT.format(days=horizon_days)) from error
    echo_backtests(own, current)
    click.echo()
    click.echo(deciles_as_text(own))
    if plot is not None:
        _draw(own, plot)


@intelligence.command(epilog="Such as: flask --app wsgi intelligence explain cust_123")
@click.argument("customer")
@click.option(
    "--window",
    "window_days",
    type=click.IntRange(30, 365),
    default=HORIZON_DAYS,
    show_default=True,
    help="Days of the churn risk.",
)
@with_service
def explain(*, customer: str, window_days: int) -> None:
    """Print what an agent may say of CUSTOMER, and why; and what is not known."""
    from providers.statistical.explaining import explain as explained  # noqa: PLC0415  # it loads numpy

    migrated_database()
    services = component(CustomerBaseServices)
    as_of, desk = services.fits.today(), services.source
    statistics = desk.statistics_of(customer, as_of=as_of)
    if statistics is None:
        raise click.BadParameter(f"there is no customer {customer!r}", param_hint="CUSTOMER")
    parameters = desk.parameters()
    if parameters is None:
        raise Failure("Nothing is fitted yet: flask --app wsgi intelligence fit")
    for line in explained(statistics, parameters, as_of=as_of, window_days=window_days):
        click.echo(line)


@intelligence.command()
@click.option("--quiet", is_flag=True, help="No progress.")
@with_service
def rebuild(*, quiet: bool) -> None:
    """Count every customer anew from orders and tickets.

    What is kept is kept up by itself; this proves it, and mends it where somebody changed the database.
    """
    migrated_database()
    with progress(SystemClock(), quiet=quiet) as told:
        rebuilt = component(CustomerBaseServices).rebuilding.rebuild(progress=told)
    click.echo(f"{rebuilt.customers:,} customers counted anew; {rebuilt.wrong:,} were due or different.")


def _draw(own: Backtest, path: Path) -> None:
    from providers.statistical.showing import deciles_as_png  # noqa: PLC0415  # it loads numpy

    try:
        picture = deciles_as_png(own, title="No order within the horizon, by predicted risk")
    except ImportError as error:
        raise Failure(WITHOUT_MATPLOTLIB) from error
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}.") from error
    click.echo(f"Drawn: {path}")
