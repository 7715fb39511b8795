import click

from providers.chain import IntelligenceChain
from providers.deadline import Deadline
from providers.interface import Connection
from service.cli.provider_switches import COMMANDS
from service.cli.running import Failure, migrated_database, with_service
from service.cli.tables import echo_table, one_line, yes
from service.clock import SystemClock, rfc3339
from service.http.components import component
from service.http.pagination import MAX_LIMIT, Page
from service.provider_control.services import ProviderControl
from service.provider_control.switching import Switches
from service.provider_control.toggles import ToggleState
from service.settings import Settings

CHECK_DEADLINE_S = 30.0

WHY = {
    "configured": "INTELLIGENCE_PROVIDERS lists them",
    "quimbi_key": "QUIMBI_API_KEY is set and INTELLIGENCE_PROVIDERS is not",
    "no_key": "neither a Quimbi key nor INTELLIGENCE_PROVIDERS is set, so that the desk's own orders tell",
}


@click.group()
def providers() -> None:
    """Show, try and switch the providers of intelligence."""


for _command in COMMANDS:
    providers.add_command(_command)


@providers.command("list")
@with_service
def list_providers() -> None:
    """List the providers in the order in which they are asked, and why it is this one."""
    migrated_database()
    component(Switches).follow()
    control = component(ProviderControl)
    overview = control.overview()
    echo_table(
        ("NAME", "ENABLED", "GENERIC", "CAPABILITIES"),
        [
            (state.name, yes(state.enabled), yes(state.generic), ", ".join(state.capabilities))
            for state in overview.providers
        ],
    )
    chosen_by = component(Settings).providers_chosen_by
    click.echo(f"\nChosen because: {WHY.get(chosen_by, chosen_by)}.")
    click.echo(_switched(overview.toggles))
    for sentence in control.told(overview.toggles).consequences:
        click.echo(sentence)
    for running in overview.processes[1:]:  # the first is this command's own
        report = running.report
        click.echo(
            f"Process {running.process.pid} on {running.process.host} follows version "
            f"{report.toggles_version}: {', '.join(report.order) or 'none'}."
        )


def _switched(toggles: ToggleState) -> str:
    if not toggles.version or toggles.changed_at is None:
        return "Order and switches: as configured."
    return (
        f"Version {toggles.version}, by {toggles.changed_by} at {rfc3339(toggles.changed_at)}: "
        f"{one_line(toggles.reason or '')}"
    )


@providers.command()
@click.option(
    "--limit", type=click.IntRange(1, MAX_LIMIT), default=20, show_default=True, help="How many changes."
)
@with_service
def history(limit: int) -> None:
    """List who switched which provider, when and why, newest first."""
    migrated_database()
    changes = component(Switches).history(Page(limit=limit)).rows
    echo_table(
        ("AT", "VERSION", "CHANGE", "PROVIDER", "BY", "ORDER NOW", "REASON"),
        [
            (
                rfc3339(change.at),
                str(change.version),
                change.change,
                change.provider or "all",
                change.changed_by,
                ", ".join(name for name in change.order if name not in change.disabled) or "none",
                one_line(change.reason),
            )
            for change in changes
        ],
    )


@providers.command()
@click.argument("name", required=False)
@with_service
def check(name: str | None) -> None:
    """Make one real call to each provider, or to NAME."""
    chain = component(IntelligenceChain)
    listed = list(chain.status())
    if name is not None and name not in listed:
        raise click.BadParameter(f"there is no provider {name!r}; there are: {', '.join(listed)}")
    checked = [_check(chain, each) for each in ([name] if name else listed)]
    echo_table(("NAME", "CONNECTION", "REASON", "SECONDS"), checked)
    failed = [row[0] for row in checked if row[1] != Connection.CONNECTED]
    if failed:
        raise Failure(f"No answer from: {', '.join(failed)}.")


def _check(chain: IntelligenceChain, name: str) -> tuple[str, str, str, str]:
    clock = SystemClock()
    started_s = clock.monotonic()
    health = chain.guarded(name).check_health(Deadline.after(CHECK_DEADLINE_S, clock))
    return name, health.connection, health.reason or "", f"{clock.monotonic() - started_s:.3f}"
