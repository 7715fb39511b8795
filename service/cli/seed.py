import click

from service import sample_data
from service.cli.running import Failure, migrated_database, with_service
from service.clock import SystemClock
from service.customer_base.services import CustomerBaseServices
from service.http.components import component
from service.sample_data.loading import load
from service.settings import Deployment, Settings
from service.tickets.services import Ranking

THE_COMMAND = "seed"
MOST_CUSTOMERS = 200_000
"""They are held in memory while tickets are made for them: 3 kB each."""
MOST_TICKETS = 1_000_000


@click.command()
@click.option(
    "--customers",
    type=click.IntRange(0, MOST_CUSTOMERS),
    default=1_000,
    show_default=True,
    help="How many, with their orders.",
)
@click.option(
    "--tickets",
    type=click.IntRange(0, MOST_TICKETS),
    default=3_000,
    show_default=True,
    help="How many, with their messages.",
)
@click.option(
    "--seed",
    "number",
    type=click.IntRange(0, 2**31 - 1),
    default=sample_data.SEED,
    show_default=True,
    help="Another one makes other customers and tickets.",
)
@click.option("--force-in-production", is_flag=True, help="Do it although this is production.")
@with_service
def seed(customers: int, tickets: int, number: int, force_in_production: bool) -> None:
    """Fill the database with sample customers, orders and tickets.

    cust_123, ticket_123 and the three test customers are always among them. The same counts and seed
    make the same rows, and those that are there already stay as they are.
    """
    production = component(Settings).environment is Deployment.PRODUCTION
    if production and not force_in_production:
        raise Failure("This is production. Where you really want it: --force-in-production")
    database = migrated_database()
    clock = SystemClock()
    started_s = clock.monotonic()
    with click.progressbar(length=customers + tickets, label="Sample data") as bar:
        loaded = load(
            database,
            component(Ranking),
            customers=customers,
            tickets=tickets,
            seed=number,
            now=clock.now(),
            on_progress=bar.update,
        )
    took_s = clock.monotonic() - started_s
    component(CustomerBaseServices).fits.fit_grown(by=THE_COMMAND)
    click.echo(
        f"Added {loaded.customers:,} customers, {loaded.orders:,} orders, {loaded.tickets:,} tickets "
        f"and {loaded.messages:,} messages in {took_s:.1f} s "
        f"({loaded.tickets / took_s * 60:,.0f} tickets/min)."
    )
