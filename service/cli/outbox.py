import click

from service.cli.operators import WHO, actor
from service.cli.running import Failure, migrated_database, with_service
from service.cli.tables import echo_table, one_line
from service.clock import rfc3339
from service.errors import DeskError
from service.http.components import component
from service.http.pagination import MAX_LIMIT, Page
from service.outbox.models import State
from service.outbox.services import Outbox, OutboxFilter


@click.group()
def outbox() -> None:
    """Show what is to leave the desk, and try dead letters again."""


@outbox.command("list")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only what is so.")
@click.option("--channel", help="Only what goes there.")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LIMIT), default=20, show_default=True, help="The newest so many."
)
@with_service
def list_deliveries(state: str | None, channel: str | None, limit: int) -> None:
    """List deliveries, the newest first."""
    migrated_database()
    wanted = OutboxFilter(state=State(state) if state else None, channel=channel)
    listing = component(Outbox).listing(wanted, Page(limit=limit))
    echo_table(
        ("ID", "EVENT", "TICKET", "CHANNEL", "TARGET", "STATE", "ATTEMPTS", "NEXT OR ENDED", "LAST ERROR"),
        [
            (
                told.entry.id,
                told.event_type or "-",
                told.entry.ticket_id or "-",
                told.entry.channel,
                one_line(told.entry.target),
                told.entry.state,
                str(told.entry.attempts),
                rfc3339(told.entry.ended_at or told.entry.next_attempt_at),
                one_line(told.entry.last_error or "-"),
            )
            for told in listing.rows
        ],
    )
    total = listing.pagination
    click.echo(f"{len(listing.rows)} of {'more than ' if total.total_is_estimate else ''}{total.total:,}")


@outbox.command()
@click.argument("delivery_ids", metavar="[ID]...", nargs=-1)
@click.option("--all-dead", is_flag=True, help="Every dead letter, the oldest first.")
@click.option("--channel", help="With --all-dead: of this channel alone.")
@WHO
@with_service
def replay(delivery_ids: tuple[str, ...], all_dead: bool, channel: str | None, by: str) -> None:
    """Deliver anew what has ended, well or not: each ID, or all dead letters."""
    if bool(delivery_ids) == all_dead:
        raise click.UsageError("give ids, or --all-dead")
    migrated_database()
    kept = component(Outbox)
    if all_dead:
        replayed, remaining = 0, True
        while remaining:
            some = kept.replay_dead(actor=actor(by), channel=channel)
            replayed, remaining = replayed + some.replayed, some.remaining
        click.echo(f"replayed: {replayed}")
        return
    for delivery_id in delivery_ids:
        try:
            kept.replay(delivery_id, actor=actor(by))
        except DeskError as error:
            raise Failure(f"{error}") from error
        click.echo(f"replayed: {delivery_id}")
